from pathlib import Path

import pytest

from kvjob.report import build_report
from tests.unit.report.example import NOW, MemoryStore, diverge, finish, make_study, start, write_attempt

EVIL = '<script>alert("x")</script> & <b>bold</b>'


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def mixed() -> MemoryStore:
    """Two seeds of two experiments in which everything happens that can happen to a run."""
    store = MemoryStore()
    plan = make_study(store, "augmentation", "optimizer", seeds=2)
    for run in plan.runs:
        where = (run.roles[0].level, run.config.seed)
        if where == ("sgd", 0):
            diverge(store, run)
        elif where == ("sgd", 1):
            start(store, run, epochs=2, cause="bug", message="RuntimeError: <shapes> do not match")
        elif where == ("blur", 1):
            start(store, run, epochs=2, cause="running")
        elif where == ("brightness", 0):
            start(store, run, epochs=3, cause="interrupted")
        elif where != ("brightness", 1):
            finish(store, run, epochs=4, samples=2, side=48)
    write_attempt(store, plan.runs[1], 1, epochs=range(1, 4), cause="lost")
    write_attempt(store, plan.runs[1], 2, epochs=range(3, 5), cause="finished", resumed_from=2)
    return store


@pytest.fixture(scope="session")
def mixed_report(mixed: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that study's report, drawn in two processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kvjob.report.drawn._cores", lambda: 2)
        return build_report(mixed, "paper", tmp_path_factory.mktemp("report") / "out", now=NOW).parent


@pytest.fixture
def one_core(monkeypatch) -> None:
    """Draw in this process, where a test looks at what is done there."""
    monkeypatch.setattr("kvjob.report.drawn._cores", lambda: 1)
