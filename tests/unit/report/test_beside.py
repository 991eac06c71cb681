import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from kvjob.data import synthesize
from kvjob.records import layout
from kvjob.report.beside import set_beside
from kvjob.report.bootstrap import mean_interval
from kvjob.report.dataset import dataset_kind
from kvjob.report.published import BUILT_IN, load_published
from kvjob.report.read import read_data
from kvjob.report.summary import summarise
from kvjob.report.tables import beside_table, others_table, protocol_table, to_csv, to_markdown
from tests.unit.report.example import NOW, MemoryStore, finish, make_study


@pytest.fixture(scope="module")
def study() -> MemoryStore:
    store = MemoryStore()
    for run in make_study(store, "optimizer", seeds=3).runs:
        finish(store, run, epochs=2, samples=1, side=16)
    return store


def beside(store: MemoryStore, kind: str = "official counts", published: Path | None = None):
    data, values = read_data(store, "paper", NOW), load_published(published)
    return set_beside(data, summarise(data, values), values, kind)


def test_a_published_value_has_ours_its_difference_and_whether_our_interval_holds_it(study: MemoryStore):
    found = {(each.level, each.score): each for each in beside(study).scores}
    rmsprop = found["rmsprop", "iou"]
    assert rmsprop.difference == pytest.approx(rmsprop.ours - 0.8889)
    assert rmsprop.interval.low < rmsprop.interval.mean < rmsprop.interval.high
    assert rmsprop.interval.mean == pytest.approx(rmsprop.ours)
    assert rmsprop.inside == (rmsprop.interval.low <= 0.8889 <= rmsprop.interval.high)
    adam = found["adam", "iou"]
    assert (adam.published, adam.difference, adam.inside) == (None, None, None)
    assert adam.ours is not None


def test_the_interval_of_a_mean_is_students_where_images_alone_vary():
    scores = np.random.default_rng(3).normal(0.8, 0.1, (1, 200))
    found = mean_interval(scores)
    expected = stats.t.interval(0.95, 199, loc=scores.mean(), scale=stats.sem(scores[0]))
    assert (found.low, found.high) == pytest.approx(expected, abs=0.001)


def test_every_value_of_a_completed_copy_is_compared(study: MemoryStore, tmp_path: Path):
    values = json.loads(BUILT_IN.read_text(encoding="utf-8"))
    for row in values["paper"]["tables"][1]["levels"].values():
        row.update(loss=0.1, accuracy=0.9, iou=0.8, dice=0.9, precision=0.9, recall=0.9)
    values["paper"]["model"] = {"parameters": 26_677_585, "trainable": 26_677_000}
    copy = tmp_path / "full.json"
    copy.write_text(json.dumps(values))
    found = beside(study, published=copy)
    compared = [each for each in found.scores if each.experiment == "optimizer"]
    assert len(compared) == 18
    assert all(each.difference is not None for each in compared)
    assert {each.score for each in compared if each.inside is None} == {"loss"}, (
        "no image has a loss of its own"
    )
    table = to_markdown(beside_table(found))
    assert "| parameters | I | 26,677,585 | 26,677,585 |  | the same |  |" in table
    assert "| trainable parameters | I | 26,677,000 | 26,677,585 |  | +585 parameters |  |" in table
    assert "| Adam: loss | III | 0.1 | " in table


def test_on_other_images_nothing_is_set_side_by_side(study: MemoryStore):
    found = beside(study, "synthetic")
    assert not found.comparable
    assert all(each.difference is None and each.inside is None for each in (*found.scores, *found.others))
    for table in (beside_table(found), others_table(found, "A note.")):
        assert "Ours" not in to_markdown(table)
        assert "This study" not in to_markdown(table)
    assert found.protocol[0].verdict == "differs"
    assert "synthetic scenes" in found.protocol[0].ours


def test_what_is_not_at_hand_is_said_to_be_so(study: MemoryStore):
    table = to_csv(beside_table(beside(study)))
    assert "all 24 scores of augmentation" in table
    assert "Adam: all scores" in table
    assert "RMSprop: loss, accuracy, precision, recall" in table
    assert table.count("not at hand") == 7


@pytest.mark.parametrize(
    ("base", "aspect", "verdict"),
    [
        ({}, "The test set", "differs"),
        ({"protocol": "test-steered"}, "The test set", "same"),
        ({}, "Encoder", "same"),
        ({"encoder": "resnet18"}, "Encoder", "differs"),
        ({"encoder_weights": "none"}, "Its initial weights", "differs"),
        ({"input_size": 128}, "Input size", "differs"),
        ({}, "Batch size", "not at hand"),
        ({}, "Images", "cannot tell"),
    ],
)
def test_protocols_are_compared_field_by_field(base, aspect: str, verdict: str):
    store = MemoryStore()
    make_study(store, "optimizer", base=base)
    found = beside(store)
    assert {line.aspect: line.verdict for line in found.protocol}[aspect] == verdict
    assert aspect in to_markdown(protocol_table(found))


def test_a_study_that_has_not_begun_shows_what_is_published():
    store = MemoryStore()
    make_study(store, "optimizer")
    table = to_markdown(beside_table(beside(store)))
    assert "| RMSprop: IoU | III | 0.8889 | – | – | no result here | – |" in table


def test_a_copy_from_before_there_were_claims_is_still_read(tmp_path: Path):
    values = json.loads(BUILT_IN.read_text(encoding="utf-8"))
    del values["paper"]["claims"], values["paper"]["protocol"], values["questions"]
    copy = tmp_path / "old.json"
    copy.write_text(json.dumps(values))
    assert load_published(copy).paper.claims == ()


def test_synthetic_scenes_are_known_by_their_names(study: MemoryStore, tmp_path: Path):
    synthesize(tmp_path / "set", images=5)
    name = (tmp_path / "set" / "test.txt").read_text().split()[0]
    copy = MemoryStore(dict(study.objects))
    assert dataset_kind(read_data(copy, "paper", NOW)) == "official counts"
    for run in read_data(copy, "paper", NOW).runs:
        key = layout.run(run.key, "scores.csv")
        copy.objects[key] = copy.objects[key].replace(b"image-", name[:-3].encode())
    assert dataset_kind(read_data(copy, "paper", NOW)) == "synthetic"
    other = MemoryStore()
    make_study(other, "optimizer", test_images=12)
    assert dataset_kind(read_data(other, "paper", NOW)) == "other"
