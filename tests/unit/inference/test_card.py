"""What a model card says follows from the export, and names of others stay words in it."""

import re

import pytest
import yaml

from kvjob.data import DatasetManifest
from kvjob.inference.card import code, model_card
from kvjob.inference.origin import KVASIR, SYNTHETIC, UNKNOWN, origin_of
from kvjob.inference.record import (
    ONNX,
    TORCHSCRIPT,
    Agreement,
    DataFacts,
    ExportRecord,
    Interval,
    IntervalScores,
    Training,
)
from kvjob.records.checkpoint import FileSum
from kvjob.records.run import Environment
from kvjob.study.config import TrainConfig
from kvjob.study.scores import SCORES

HOSTILE = ("`x` | <script>alert(1)</script> | [a](javascript:b)", "a\nb\x1b[31m", "``", "{{ 7 * 7 }}", "---")


def scores(value: float) -> dict[str, Interval]:
    return {name: Interval(value=value, low=value - 0.05, high=value + 0.05) for name in SCORES}


def record(**changes: object) -> ExportRecord:
    config = changes.pop("config", TrainConfig(seed=3))
    agreed = Agreement(
        images=118,
        identical=117,
        pixels=118 * 256**2,
        pixels_otherwise=2,
        by_pixel=True,
        iou=0.8999,
        iou_trained=0.9,
        largest_iou_difference=1e-5,
        tolerance=0.005,
    )
    environment = Environment(
        kvjob="0.1.0",
        image=HOSTILE[0],
        python="3.11",
        platform="Linux",
        libraries={"torch": "2.9"},
        device="NVIDIA H100",
        cuda="13.0",
    )
    training = Training(
        key="0123456789ab",
        study="paper",
        chosen="the highest validation IoU of 33 finished runs of study 'paper': 0.9100",
        config=config,
        code="c" * 12,
        environment=environment,
        epochs=40,
        best_epoch=31,
        validation_iou=0.91,
        steered=config.protocol == "test-steered",
    )
    fields: dict[str, object] = {
        "inputs": (),
        "outputs": (),
        "threshold": 0.5,
        "opset": 20,
        "parameters": 26_677_585,
        "files": {name: FileSum(size=1, sha256="0" * 64) for name in (ONNX, TORCHSCRIPT)},
        "run": training,
        "data": DataFacts(
            dataset="d" * 12,
            origin="kvasir-instrument",
            images={"train": 400, "validation": 72, "test": 118},
        ),
        "test": IntervalScores(mean_over_images=scores(0.9), over_all_pixels=scores(0.85)),
        "agreement": dict.fromkeys((TORCHSCRIPT, ONNX), agreed),
        "exporter": {"kvjob": "0.1.0"},
        "exporter_code": "c" * 12,
    }
    return ExportRecord(**{**fields, **changes})


def card(origin=KVASIR, worst=(("a", 0.1),), **changes: object) -> str:
    return model_card(record(**changes), origin, list(worst))


def test_the_front_matter_is_what_hugging_face_reads():
    matter = yaml.safe_load(card().split("---\n")[1])
    assert matter["license"] == "other"
    assert matter["license_link"] == "https://datasets.simula.no/kvasir-instrument/"
    assert matter["datasets"] == ["kvasir-instrument"]
    assert {"accuracy", "f1", "mean_iou", "precision", "recall"} == set(matter["metrics"])
    metrics = matter["model-index"][0]["results"][0]["metrics"]
    assert metrics[0] == {"type": "mean_iou", "name": "IoU (mean over images)", "value": 0.9}


def test_a_model_of_kvasir_carries_its_terms_and_citation():
    text = card()
    assert "restricted to research and education" in text
    assert "@inproceedings{jha2021kvasir" in text
    assert "one hospital" in text
    assert "weights from ImageNet" in text
    assert "Trained on drawn pictures" not in text


def test_scores_stand_in_both_definitions_with_their_intervals():
    assert "| Dice | 0.9000 | 0.8500 to 0.9500 | 0.8500 | 0.8000 to 0.9000 |" in card()


def test_what_was_verified_is_told_with_its_numbers():
    text = card()
    assert "| `model.onnx` | 117 of 118 | 2 of 7,733,248 | 0.899900 | 0.900000 |" in text
    assert "More than 0.5 % of the pixels" in text


def test_a_run_that_the_test_set_steered_is_marked_twice():
    text = card(config=TrainConfig(protocol="test-steered"))
    assert "> **The test set steered the training.**" in text
    assert "These scores are optimistic" in text
    assert "scored once" not in text


def test_nobody_looked_is_said_at_the_top():
    text = card(agreement={})
    assert text.index("**Not verified.**") < text.index("## Use")
    assert "Does the export do what the trainer did" not in text


def test_what_it_fails_on_is_named():
    text = card(worst=[("tiny", 0.0), ("glare", 0.25)])
    assert "The 2 test images" in text
    assert "  - `tiny`: 0.0000\n  - `glare`: 0.2500\n" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_word_whatever_it_holds(name):
    text = card(worst=[(name, 0.5)])
    line = next(line for line in text.splitlines() if line.endswith(": 0.5000"))
    span = line.removeprefix("  - ").removesuffix(": 0.5000")
    fence = re.match("`+", span).group()
    inside = span.removeprefix(fence).removesuffix(fence)
    assert fence not in re.findall("`+", inside)
    assert "\x1b" not in text
    assert "49" not in line
    rows = [line for line in text.splitlines() if line.startswith("| Container image")]
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 3, "a cell that ends its row's would begin another"


def test_a_code_span_holds_any_text():
    assert code("plain") == "`plain`"
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"


def manifest(names: tuple[str, ...], test: int) -> DatasetManifest:
    order = tuple(range(len(names)))
    return DatasetManifest(
        dataset="d" * 12,
        names=names,
        train=order[:-test],
        test=order[-test:],
        native_sizes=((8, 8),) * len(names),
        mask_shares=(0.1,) * len(names),
        files={},
    )


def test_the_origin_is_told_by_names_then_by_the_official_split():
    assert origin_of(manifest(tuple(f"scene{number:05}" for number in range(590)), 118)) is SYNTHETIC
    assert origin_of(manifest(tuple(f"ck{number}" for number in range(590)), 118)) is KVASIR
    assert origin_of(manifest(tuple(f"ck{number}" for number in range(20)), 4)) is UNKNOWN


def test_an_unknown_licence_is_for_its_owner_to_say():
    text = card(origin=UNKNOWN)
    assert "license: unknown" in text
    assert "**Licence unknown to kvjob**" in text
