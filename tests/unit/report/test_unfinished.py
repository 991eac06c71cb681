"""A report at any moment, of whatever lies in the store: what is missing, why, and what to do."""

import re
from pathlib import Path

import pytest

from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.records.run import SampleIndex
from kvjob.report import build_report
from kvjob.study import Experiment, Plan
from tests.unit.report.example import NOW, MemoryStore, diverge, finish, make_study, start
from tests.unit.report.test_page import Outline

RUN = "kvjob run study.yaml --data DIR --store URL"


@pytest.fixture
def plan(store: MemoryStore) -> Plan:
    return make_study(store, "optimizer", seeds=2)


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Leave the figures out, where a test is not about them."""
    monkeypatch.setattr("kvjob.report.build.plan_figures", lambda *_: [])
    for figure in ("overview", "pareto"):
        monkeypatch.setattr(f"kvjob.report.build.{figure}", lambda *_: None)


def complete(store: MemoryStore, plan: Plan) -> None:
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)


def words(store: MemoryStore, folder: Path) -> str:
    """What the page says of the state."""
    page = build_report(store, "paper", folder / "out", now=NOW)
    said = Outline(page.read_text(encoding="utf-8")).words
    return said[said.index("State of the study") :]


def test_nothing_has_started(store, plan, tmp_path: Path):
    said = words(store, tmp_path)
    assert "missing : baseline, seeds 0, 1; optimizer=sgd, seeds 0, 1; optimizer=rmsprop, seeds 0, 1." in said
    assert f"Never started. To train: {RUN}" in said
    assert "Optimiser : Adam lacks seeds 0, 1 of 2 (no mean); SGD with momentum lacks" in said


@pytest.mark.usefixtures("undrawn")
def test_everything_runs(store, plan, tmp_path: Path):
    for run in plan.runs:
        start(store, run, epochs=1)
    assert "running : baseline, seeds 0, 1; optimizer=sgd, seeds 0, 1" in words(store, tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_everything_has_failed(store, plan, tmp_path: Path):
    for run in plan.runs:
        start(store, run, epochs=1, cause="bug", message="RuntimeError: no")
    said = words(store, tmp_path)
    assert "Attempt 1: defect of kvjob: RuntimeError: no. Why, for the first of them, with the last" in said
    assert f"kvjob logs {plan.runs[0].key} --store URL" in said


@pytest.mark.usefixtures("undrawn")
def test_everything_has_diverged(store, plan, tmp_path: Path):
    for run in plan.runs:
        diverge(store, run)
    assert "That is a result; training again would give the same." in words(store, tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_means_of_fewer_seeds_say_which_they_lack(store, plan, tmp_path: Path):
    complete(store, plan)
    key = next(run.key for run in plan.runs if (run.roles[0].level, run.config.seed) == ("sgd", 1))
    for entry in list(store.list(layout.run(key))):
        store.delete(entry.key)
    said = words(store, tmp_path)
    assert "Missing from the means Optimiser : SGD with momentum lacks seed 1 of 2 (mean of 1)." in said


@pytest.mark.usefixtures("undrawn")
def test_a_study_that_has_finished_lacks_nothing(store, plan, tmp_path: Path):
    complete(store, plan)
    said = words(store, tmp_path)
    assert "Not finished, and why" not in said
    assert "Missing from the means" not in said


DAMAGED = {
    "history.json": [b"", b'{"format": 1, "rows": 3}'],
    "result.json": [b"\xff\x00", b"[]"],
    "model.json": [b"{}"],
    "environment.json": [b"null"],
    "scores.csv": [b"", b"image,tp\na,1", b"image,tp,fp,fn,tn\na,1,2,3,1e999", b"\xff"],
    "samples/index.json": [b"{}"],
}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("name", "data"), [(name, data) for name in DAMAGED for data in DAMAGED[name]])
def test_a_damaged_document_is_named_with_what_to_do(store, plan, tmp_path: Path, name: str, data: bytes):
    complete(store, plan)
    run = plan.runs[2]
    store.write(layout.run(run.key, name), data)
    said = words(store, tmp_path)
    assert "5 of 6 runs have finished" in said
    assert f"unreadable : optimizer=sgd, seed 0. Runs/{run.key}/{name}: " in said
    assert f"delete it and the run’s result.json, then: {RUN}" in said


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_attempt_is_one_that_was_lost(store, plan, tmp_path: Path):
    complete(store, plan)
    store.write(layout.attempt(plan.runs[0].key, 1), b"{")
    assert "All 6 runs have finished" in words(store, tmp_path)


@pytest.mark.parametrize(
    "name", ["history.json", "model.json", "environment.json", "scores.csv", "attempts/0001.json"]
)
def test_a_document_that_is_gone_leaves_a_report(store, plan, tmp_path: Path, name: str):
    complete(store, plan)
    for run in plan.runs:
        store.delete(layout.run(run.key, name))
    assert "All 6 runs have finished" in words(store, tmp_path)


def test_pictures_that_are_gone_or_damaged_leave_a_report(store, plan, tmp_path: Path):
    complete(store, plan)
    for run in plan.runs:
        for entry in list(store.list(layout.sample(run.key, ""))):
            if entry.key.endswith("mask.png"):
                store.delete(entry.key)
            elif entry.key.endswith("image.png"):
                store.write(entry.key, b"\x89PNG damaged")
    assert "All 6 runs have finished" in words(store, tmp_path)
    write_document(store, layout.sample(plan.runs[0].key, "index.json"), SampleIndex(samples=()))
    assert "All 6 runs have finished" in words(store, tmp_path)


def test_a_missing_data_pack_and_missing_predictions_are_said(store, tmp_path: Path):
    complete(store, make_study(store, "augmentation"))
    said = words(store, tmp_path)
    assert re.search(r"Not drawn, because the store lacks what they need, the data set or predictions", said)


@pytest.mark.usefixtures("undrawn")
def test_hundreds_of_levels_fold(store, tmp_path: Path):
    levels = [{"name": f"{n:03}", "changes": {"weight_decay": n / 1e4}} for n in range(1, 90)]
    own = Experiment.model_validate({"name": "own", "factor": "weight_decay", "levels": levels})
    make_study(store, own, seeds=3)
    page = Outline(build_report(store, "paper", tmp_path / "out", now=NOW).read_text(encoding="utf-8"))
    assert "own=001, seeds 0–2;" in page.words
    assert "; and 82 levels more. Never started." in page.words
    assert "The other 82 levels own=008, seeds 0–2; own=009" in page.words
    assert f"All {90 * 3} runs Runs. Every run of the study." in page.words
    assert not page.unbalanced
