import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError, StoreAwayError
from kvjob.folder.exchange import exchange
from kvjob.records import layout
from kvjob.report import build_report, watch, watch_report
from kvjob.report.build import make_report
from kvjob.report.read import StudyReader
from kvjob.report.write import INDEX, RECORD
from kvjob.study import Plan
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, start
from tests.unit.report.test_build import digests

REFRESH = '<meta http-equiv="refresh" content="30">'


class Watched:
    """A watch of a store to which something happens at each pause; a test that waits for ever fails."""

    def __init__(self, store: MemoryStore, out: Path, *events: Callable[[], object]) -> None:
        self.store, self.out, self.events = store, out, list(events)
        self.said: list[str] = []
        self.pauses: list[float] = []
        self.now = NOW

    def sleep(self, seconds: float) -> None:
        assert self.events, "looked on after the last event"
        self.pauses.append(seconds)
        self.events.pop(0)()

    def clock(self) -> datetime:
        return self.now

    def run(self) -> Path:
        return watch_report(
            self.store, "paper", self.out, self.said.append, sleep=self.sleep, clock=self.clock
        )


@pytest.fixture
def drawn(monkeypatch) -> list[bool]:
    """Whether each report that was made is watched, instead of the reports."""
    found: list[bool] = []

    def make(data, published, out, progress, watched) -> Path:
        found.append(watched is not None)
        out.mkdir(exist_ok=True)
        (out / INDEX).write_text("made\n")
        (out / RECORD).write_text("{}")
        return out / INDEX

    monkeypatch.setattr(watch, "make_report", make)
    return found


@pytest.fixture
def plan(store: MemoryStore) -> Plan:
    return make_study(store, "optimizer")


def complete(store: MemoryStore, plan: Plan) -> None:
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)


def nothing() -> None:
    pass


def test_the_page_loads_itself_again_until_the_last_one_which_is_an_ordinary_report(
    store: MemoryStore, plan: Plan, tmp_path: Path
):
    pages: list[str] = []

    def happen() -> None:
        pages.append((tmp_path / "out" / INDEX).read_text())
        complete(store, plan)

    watched = Watched(store, tmp_path / "out", happen)
    page = watched.run()
    assert REFRESH in pages[0]
    assert "As of 2026-01-02 12:00:00 UTC. The study is still training" in pages[0]
    assert "script" not in pages[0].split("<style>")[0]
    build_report(store, "paper", tmp_path / "plain", now=NOW)
    assert digests(page.parent) == digests(tmp_path / "plain")
    assert "http-equiv" not in page.read_text()
    assert [line.partition("; ")[0] for line in watched.said] == [
        "0 of 3 runs finished, 3 missing",
        "3 of 3 runs finished",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"out", "plain"}, "nothing is left beside it"


def test_a_study_that_is_over_is_reported_once(store, plan, drawn, tmp_path: Path):
    complete(store, plan)
    Watched(store, tmp_path / "out").run()
    assert drawn == [False]


def test_nothing_is_made_anew_while_nothing_changes(store, plan, drawn, tmp_path: Path):
    start(store, plan.runs[0], epochs=1)
    events = [nothing, nothing, lambda: start(store, plan.runs[0], epochs=2), lambda: complete(store, plan)]
    watched = Watched(store, tmp_path / "out", *events)
    watched.run()
    assert drawn == [True, True, False]
    assert min(watched.pauses) == watch.INTERVAL_SECONDS


def test_what_no_report_reads_is_no_change(store, plan, drawn, tmp_path: Path):
    start(store, plan.runs[0], epochs=1)

    def checkpoint() -> None:
        store.write(layout.checkpoint(plan.runs[0].key, 1, "01234567", "model.safetensors"), b"weights")
        store.write(layout.run(plan.runs[0].key, "latest.json"), b"{}")

    Watched(store, tmp_path / "out", checkpoint, lambda: complete(store, plan)).run()
    assert drawn == [True, False]


def test_a_run_that_falls_silent_is_a_change_that_only_time_tells(store, plan, drawn, tmp_path: Path):
    start(store, plan.runs[0], epochs=1)

    def later() -> None:
        watched.now += timedelta(minutes=10)

    watched = Watched(store, tmp_path / "out", later, lambda: complete(store, plan))
    watched.run()
    assert [line.partition("; ")[0] for line in watched.said] == [
        "0 of 3 runs finished, 2 missing, 1 running",
        "0 of 3 runs finished, 1 interrupted, 2 missing",
        "3 of 3 runs finished",
    ]


def test_failed_runs_are_over(store, plan, drawn, tmp_path: Path):
    for run in plan.runs:
        start(store, run, cause="bug", message="RuntimeError")
    Watched(store, tmp_path / "out").run()
    assert drawn == [False]


def test_runs_that_have_not_changed_are_not_read_again(store, plan):
    finish(store, plan.runs[0], epochs=2, samples=1, side=16)
    start(store, plan.runs[1], epochs=1)
    reader = StudyReader(store, "paper")
    before = reader.read(NOW)
    store.reads.clear()
    start(store, plan.runs[1], epochs=2)
    after = reader.read(NOW)
    assert {key.split("/")[1] for key in store.reads} == {"paper", plan.runs[1].key}
    assert after.runs[0].counts is before.runs[0].counts
    assert len(after.runs[1].course) == 2


def test_a_run_that_was_deleted_is_missing_again(store, plan):
    finish(store, plan.runs[0], epochs=2, samples=1, side=16)
    reader = StudyReader(store, "paper")
    assert reader.read(NOW).runs[0].standing == "finished"
    for entry in list(store.list(layout.run(plan.runs[0].key))):
        store.delete(entry.key)
    assert reader.read(NOW).runs[0].standing == "missing"


def test_a_store_that_is_away_is_said_once_and_looked_for_again(store, plan, drawn, tmp_path: Path):
    def away(prefix: str = "") -> None:
        raise StoreAwayError("the server could not be reached", where=store.url, fix="Bring it back")

    def leave() -> None:
        vars(store)["list"] = away

    def come_back() -> None:
        del vars(store)["list"]

    watched = Watched(store, tmp_path / "out", leave, nothing, come_back, lambda: complete(store, plan))
    watched.run()
    assert [line.partition(";")[0] for line in watched.said] == [
        "0 of 3 runs finished, 3 missing",
        f"{store.url}: the server could not be reached. Bring it back. Looking again every 30 s.",
        "The store can be read again.",
        "3 of 3 runs finished",
    ]
    assert drawn == [True, False]


def test_a_folder_that_is_no_longer_mounted_is_looked_for_again(store, plan, drawn, tmp_path: Path):
    objects = dict(store.objects)

    def mount() -> None:
        store.objects.update(objects)
        complete(store, plan)

    watched = Watched(store, tmp_path / "out", store.objects.clear, mount)
    watched.run()
    assert "studies/paper/plan.json: the study is no longer there" in watched.said[1]
    assert drawn == [True, False]


def test_a_store_that_cannot_be_read_at_the_first_look_is_an_error(store, drawn, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no study 'paper'"):
        Watched(store, tmp_path / "out").run()
    assert drawn == []


def test_ctrl_c_leaves_a_whole_report_that_does_not_load_itself_again(store, plan, tmp_path: Path):
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Watched(store, tmp_path / "out", ctrl_c).run()
    build_report(store, "paper", tmp_path / "plain", now=NOW)
    assert digests(tmp_path / "out") == digests(tmp_path / "plain")


def test_ctrl_c_while_a_report_is_made_leaves_the_one_before(store, plan, tmp_path: Path, monkeypatch):
    def interrupted(*args: object) -> Path:
        monkeypatch.setattr(watch, "make_report", half)
        return make_report(*args)

    def half(data, published, out, progress, watched) -> Path:
        def stop(_what: str, done: int, _total: int) -> None:
            if done == 1:
                raise KeyboardInterrupt

        return make_report(data, published, out, stop, watched)

    monkeypatch.setattr(watch, "make_report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Watched(store, tmp_path / "out", lambda: complete(store, plan)).run()
    assert "0 of 3 runs have finished" in (tmp_path / "out" / INDEX).read_text()
    assert REFRESH not in (tmp_path / "out" / INDEX).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_reader_never_finds_the_folder_missing_while_it_is_replaced(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.mkdir()
        (path / INDEX).write_text(path.name)
    if not exchange(one, other):
        pytest.skip("this system or file system cannot")
    assert (one / INDEX).read_text() == "other"
    missed, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            if not (one / INDEX).exists():
                missed.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(300):
        exchange(one, other)
    done.set()
    reader.join()
    assert not missed


def test_folders_that_are_not_there_are_not_exchanged(tmp_path: Path):
    (tmp_path / "one").mkdir()
    assert not exchange(tmp_path / "one", tmp_path / "none")
    assert (tmp_path / "one").is_dir()
