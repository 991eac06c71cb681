import csv
import json
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError
from kvjob.report import build_report
from kvjob.report.compared import Comparison, LevelPair, build_comparison
from kvjob.report.compared.page import conclusion
from kvjob.study import Experiment
from tests.unit.report.conftest import EVIL
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, start
from tests.unit.report.test_build import digests
from tests.unit.report.test_page import Outline


def finished(*experiments: str | Experiment, images: int = 118, quality: float = 0.0, **study) -> MemoryStore:
    store = MemoryStore(url=study.pop("url", "memory://store"))
    for run in make_study(store, *experiments, **study).runs:
        finish(store, run, epochs=2, samples=1, side=16, images=images, quality=quality or None)
    return store


def compared(
    a: MemoryStore, b: MemoryStore, out: Path, names: tuple[str, str] = ("paper", "paper")
) -> Comparison:
    return build_comparison((a, names[0]), (b, names[1]), out / "out", now=NOW)


def by_level(record: Comparison) -> dict[tuple[str, str], LevelPair]:
    return {(pair.experiment, pair.level): pair for pair in record.levels}


def other_code(store: MemoryStore) -> None:
    """As if the study had been planned with other sources: same configurations, other keys."""
    objects = {
        key.replace(run["key"], run["key"][::-1]): data.replace(
            run["key"].encode(), run["key"][::-1].encode()
        )
        for key, data in store.objects.items()
        for run in _planned(store)
        if run["key"] in key
    }
    plan = store.objects["studies/paper/plan.json"]
    for run in _planned(store):
        plan = plan.replace(run["key"].encode(), run["key"][::-1].encode())
    store.objects = {**objects, "studies/paper/plan.json": plan.replace(b"c" * 12, b"e" * 12)}


def _planned(store: MemoryStore) -> list[dict[str, str]]:
    return json.loads(store.objects["studies/paper/plan.json"])["plan"]["runs"]


def test_the_same_study_twice_differs_by_exactly_nothing(tmp_path: Path):
    store = finished("augmentation", "optimizer", seeds=2)
    record = compared(store, store, tmp_path)
    assert record.same_study
    assert record.differing == ()
    for pair in record.levels:
        assert (pair.iou.mean, pair.iou.low, pair.iou.high, pair.dice.mean) == (0, 0, 0, 0)
        assert pair.verdict == "same runs"
    assert conclusion(record).endswith("so every difference is exactly zero.")


def test_equal_results_of_other_code_differ_by_nothing_and_the_code_is_named(tmp_path: Path):
    a, b = finished("optimizer"), finished("optimizer")
    other_code(b)
    record = compared(a, b, tmp_path)
    assert [(each.name, each.a, each.b) for each in record.differing] == [("code", "c" * 12, "e" * 12)]
    assert {pair.iou.mean for pair in record.levels} == {0.0}
    assert {pair.verdict for pair in record.levels} == {"not distinguishable"}


def test_a_better_study_is_better_level_by_level_over_the_same_images(tmp_path: Path):
    a = finished("optimizer", quality=-1.0, seeds=2)
    b = finished("optimizer", quality=1.0, seeds=2, base={"learning_rate": 0.003}, url="memory://b")
    record = compared(a, b, tmp_path)
    pairs = by_level(record)
    assert {pair.verdict for pair in pairs.values()} == {"better"}
    sgd = pairs["optimizer", "sgd"]
    assert sgd.iou.mean == pytest.approx(sgd.b.iou.mean - sgd.a.iou.mean)
    assert (sgd.iou.images, sgd.iou.paired) == (118, True)
    assert sgd.iou.adjusted_p >= sgd.iou.p
    assert [(each.name, each.b) for each in record.differing] == [("learning_rate", "0.003")]
    adam = 100 * pairs["optimizer", "adam"].iou.mean
    assert conclusion(record).startswith(f"B is better in Optimiser: Adam ({adam:+.1f} points), ")


def test_runs_that_experiments_share_are_one_comparison(tmp_path: Path):
    """Three distinct comparisons: of the baseline, which is in both experiments, and of two levels more."""
    own = Experiment.model_validate(
        {"name": "own", "factor": "optimizer", "levels": ["adam", "sgd", "rmsprop"]}
    )
    a = finished("optimizer", own, quality=-0.2)
    b = finished("optimizer", own, quality=0.1, base={"learning_rate": 0.003})
    found = list(by_level(compared(a, b, tmp_path)).values())
    assert len(found) == 6
    assert min(pair.iou.adjusted_p / pair.iou.p for pair in found) >= 1
    assert max(pair.iou.adjusted_p / pair.iou.p for pair in found) <= 3


def test_other_data_are_not_compared_image_by_image(tmp_path: Path, monkeypatch):
    a = finished("optimizer")
    monkeypatch.setattr("tests.unit.report.example.DATASET", "e" * 12)
    b = finished("optimizer", quality=1.0)
    record = compared(a, b, tmp_path)
    assert not record.same_images
    for pair in record.levels:
        assert (pair.iou, pair.verdict) == (None, "not comparable")
        for side in (pair.a, pair.b):
            assert side.iou_interval.low < side.iou.mean < side.iou_interval.high
            assert side.iou_interval.mean == pytest.approx(side.iou.mean)
    words = Outline((tmp_path / "out" / "index.html").read_text()).words
    assert "Not comparable image by image. The two studies have different data sets." in words
    assert "IoU A [95 %]" in words


def test_levels_of_one_study_only_are_named_and_levels_of_equal_configuration_matched(tmp_path: Path):
    mine = Experiment.model_validate(
        {
            "name": "mine",
            "factor": "optimizer",
            "levels": [{"name": "plain", "changes": {"optimizer": "sgd"}}],
        }
    )
    a, b = finished("optimizer", "encoder"), finished(mine, name="other")
    record = compared(a, b, tmp_path, ("paper", "other"))
    pairs = by_level(record)
    assert pairs["optimizer", "sgd"].verdict == "same runs"
    assert pairs["optimizer", "sgd"].title == "Optimiser: SGD with momentum (in B mine: plain)"
    assert ("optimizer", "rmsprop") in record.only_a
    assert record.only_b == ()


def test_what_has_no_result_yet_says_in_which_study(tmp_path: Path):
    a, b = finished("optimizer"), MemoryStore()
    plan = make_study(b, "optimizer", base={"learning_rate": 0.003})
    finish(b, plan.runs[0], epochs=2, samples=1, side=16)
    start(b, plan.runs[1])
    found = by_level(compared(a, b, tmp_path))
    assert found["optimizer", "sgd"].verdict == "no result in B"
    assert found["optimizer", "sgd"].a.iou is not None
    assert found["optimizer", "adam"].iou is not None


def test_two_studies_without_a_run_have_a_comparison(tmp_path: Path):
    store = MemoryStore()
    make_study(store, "optimizer")
    assert {pair.verdict for pair in compared(store, store, tmp_path).levels} == {"no result"}


def test_studies_without_a_common_level_are_refused(tmp_path: Path):
    store = MemoryStore()
    make_study(store, "optimizer")
    changes = {"batch_size": 3}
    own = Experiment.model_validate({"name": "own", "factor": "loss", "levels": ["dice"]})
    make_study(store, own, name="other", base=changes)
    with pytest.raises(ConfigurationError, match=r"share no level.*A has optimizer/adam.*B has own/"):
        compared(store, store, tmp_path, ("paper", "other"))
    assert not (tmp_path / "out").exists()


def test_an_unknown_study_names_those_there_are(tmp_path: Path):
    store = finished("optimizer")
    with pytest.raises(ConfigurationError, match=r"no study 'b'.*Choose one of paper"):
        compared(store, store, tmp_path, ("paper", "b"))


def test_the_folder_has_page_tables_and_data_and_the_same_stores_give_the_same_bytes(tmp_path: Path):
    a, b = finished("optimizer", seeds=2), finished("optimizer", seeds=2, quality=0.5, url="memory://b")
    record = compared(a, b, tmp_path)
    first = digests(tmp_path / "out")
    compared(a, b, tmp_path)
    assert digests(tmp_path / "out") == first
    tables = {f"tables/table-{name}.{end}" for name in ("differs", "levels") for end in ("csv", "md", "tex")}
    assert set(first) == {"index.html", "compare.json", *tables}
    assert Comparison.model_validate_json(
        (tmp_path / "out" / "compare.json").read_bytes()
    ) == record.model_copy(update={"files": tuple(sorted(tables))})
    with (tmp_path / "out" / "tables" / "table-levels.csv").open() as file:
        rows = {row["level"]: row for row in csv.DictReader(file)}
    pair = by_level(record)["optimizer", "sgd"]
    assert float(rows["optimizer/sgd"]["iou_difference"]) == pair.iou.mean
    assert float(rows["optimizer/sgd"]["hours_a"]) == pair.a.cost.hours


def test_a_report_is_not_replaced_by_a_comparison(tmp_path: Path):
    store = finished("optimizer")
    build_report(store, "paper", tmp_path / "out", now=NOW)
    with pytest.raises(ConfigurationError, match="not empty"):
        compared(store, store, tmp_path)


def test_what_users_name_is_text_on_the_page_which_is_balanced_and_has_no_script(tmp_path: Path):
    own = Experiment.model_validate(
        {"name": "own", "title": EVIL, "factor": "loss",
         "levels": [{"name": "evil", "label": EVIL, "changes": {"loss": "dice"}}]}
    )  # fmt: skip
    store = finished(own)
    compared(store, store, tmp_path)
    found = Outline((tmp_path / "out" / "index.html").read_text())
    assert not found.all("script")
    assert not found.unbalanced
    assert not found.open
    assert found.words.count(EVIL) >= 2
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_test_set_that_steered_one_study_is_called_out(tmp_path: Path):
    a, b = finished("optimizer"), finished("optimizer", base={"protocol": "test-steered"})
    record = compared(a, b, tmp_path)
    assert [each.name for each in record.differing] == ["protocol"]
    words = Outline((tmp_path / "out" / "index.html").read_text()).words
    assert "The test set steered training in B" in words
