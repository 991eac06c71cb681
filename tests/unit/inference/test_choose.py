"""Which run `best` is: by validation alone, among finished runs, the same one every time."""

from collections.abc import Mapping

import pytest

from kvjob.errors import ConfigurationError, DataError
from kvjob.inference.choose import choose_run
from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.records.run import Environment, PhaseScores, Result, RunRecord
from kvjob.records.study import StudyRecord
from kvjob.study import plan
from kvjob.study.config import TrainConfig
from kvjob.study.scores import Scores
from tests.unit.report.example import NOW, MemoryStore, Study


def scores(iou: float) -> PhaseScores:
    same = Scores(iou=iou, dice=iou, precision=iou, recall=iou, accuracy=iou)
    return PhaseScores(loss=0.1, mean_over_images=same, over_all_pixels=same)


def add(store: MemoryStore, key: str, iou: float, test: float = 0.5, **more: object) -> None:
    config = TrainConfig(protocol=more.pop("protocol", "held-out"))
    dataset = more.pop("dataset", "d" * 12)
    record = RunRecord(key=key, config=config, dataset=dataset, code="c" * 12)
    write_document(store, layout.run(key, "config.json"), record)
    fields: Mapping[str, object] = {"status": "finished", "stopped": "epochs", "best_epoch": 3, **more}
    result = Result(
        key=key,
        epochs=5,
        images={"train": 8, "validation": 2, "test": 4},
        validation=scores(iou),
        test=scores(test),
        **fields,
    )
    write_document(store, layout.run(key, "result.json"), result)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_validation_decides_and_the_test_set_does_not(store):
    add(store, "a", 0.7, test=0.9)
    add(store, "b", 0.8, test=0.1)
    found = choose_run(store, "best")
    assert found.record.key == "b"
    assert found.why == "the highest validation IoU of 2 finished runs of the store: 0.8000"


def test_equal_runs_are_chosen_by_key(store):
    for key in ("c", "a", "b"):
        add(store, key, 0.8)
    assert choose_run(store, "best").record.key == "a"


def test_a_diverged_run_is_not_the_best(store):
    add(store, "a", 0.9, status="diverged", stopped="diverged")
    add(store, "b", 0.2)
    assert choose_run(store, "best").record.key == "b"
    assert choose_run(store, "a").record.key == "a"


def test_a_run_that_the_test_set_steered_comes_after_all_others(store):
    add(store, "a", 0.9, protocol="test-steered")
    assert choose_run(store, "best").why.endswith("in which the test set validated: 0.9000")
    add(store, "b", 0.2)
    found = choose_run(store, "best")
    assert (found.record.key, "test set" in found.why) == ("b", False)


def test_runs_of_several_data_sets_are_not_compared(store):
    add(store, "a", 0.9)
    add(store, "b", 0.8, dataset="e" * 12)
    with pytest.raises(ConfigurationError, match="several data sets.*Name a study with --study"):
        choose_run(store, "best")


def test_a_study_has_its_own_best(store):
    study = Study.model_validate(
        {"name": "one", "seeds": 2, "experiments": [{"name": "epochs", "levels": [100]}]}
    )
    planned = plan(study, "d" * 12, "c" * 12)
    record = StudyRecord(plan=planned, planned=NOW, image_counts={"train": 8, "test": 4})
    write_document(store, layout.study("one", "plan.json"), record)
    add(store, "another", 0.99)
    with pytest.raises(ConfigurationError, match="no run of this study is finished"):
        choose_run(store, "best", "one")
    for run, iou in zip(planned.runs, (0.5, 0.6), strict=True):
        add(store, run.key, iou)
    found = choose_run(store, "best", "one")
    assert found.record.key == planned.runs[1].key
    assert "of 2 finished runs of study 'one'" in found.why
    with pytest.raises(ConfigurationError, match="study 'one' has no run 'another'"):
        choose_run(store, "another", "one")
    with pytest.raises(ConfigurationError, match="no study 'two'.*Choose one of one"):
        choose_run(store, "best", "two")


def test_what_cannot_be_used_is_named(store):
    with pytest.raises(ConfigurationError, match="no run of this store is finished"):
        choose_run(store, "best")
    with pytest.raises(ConfigurationError, match="run 'nokey' is not finished, or not in this store"):
        choose_run(store, "nokey")
    add(store, "a", 0.0, status="diverged", stopped="diverged", best_epoch=0)
    with pytest.raises(DataError, match="diverged before its first epoch and has no weights"):
        choose_run(store, "a")


def test_a_run_that_calls_itself_by_another_name_is_damaged(store):
    add(store, "a", 0.5)
    add(store, "b", 0.5)
    store.objects["runs/a/config.json"] = store.objects["runs/b/config.json"]
    with pytest.raises(DataError, match="its records are another run's"):
        choose_run(store, "a")


def test_a_run_of_a_newer_kvjob_is_left_to_it(store):
    add(store, "a", 0.5)
    newer = Environment(
        kvjob="99.1.0", image="", python="3.11", platform="", libraries={}, device="CPU", cuda=""
    )
    write_document(store, layout.run("a", "environment.json"), newer)
    with pytest.raises(ConfigurationError, match=r"trained by kvjob 99.1.0, and this is .*Upgrade kvjob"):
        choose_run(store, "a")
