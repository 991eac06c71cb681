import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from kvjob.errors import ConfigurationError, StoreError
from kvjob.local import print_status, status_rows, watch_status
from kvjob.local.status import StatusRow, StudyStatus
from kvjob.local.status_text import picture
from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming, read_attempts
from kvjob.records.document import Document, write_document
from kvjob.records.run import EpochRow, History, PhaseScores, Result
from kvjob.records.snapshot import Snapshot
from kvjob.records.study import StudyRecord
from kvjob.store import Entry, Store, open_store
from kvjob.study import Experiment, Study, plan

PLAN = plan(
    Study(
        name="tiny",
        preset="smoke",
        seeds=2,
        experiments=(Experiment.model_validate({"name": "resolution", "levels": [32, 64, 128]}),),
    ),
    "d" * 12,
    "c" * 12,
)
KEYS = [run.key for run in PLAN.runs]


def scores(iou: float) -> PhaseScores:
    each = {"iou": iou, "dice": iou, "precision": iou, "recall": iou, "accuracy": iou}
    return PhaseScores.model_validate({"loss": 0.1, "mean_over_images": each, "over_all_pixels": each})


def attempt(number: int = 1, **facts: object) -> Attempt:
    now = datetime.now(UTC)
    values = {
        "number": number,
        "started": now - timedelta(seconds=60),
        "last_seen": now,
        "node": "lab",
        **facts,
    }
    return Attempt.model_validate(values)


def timings(*epochs: int) -> tuple[EpochTiming, ...]:
    return tuple(EpochTiming(epoch=n, seconds=4.0, images_per_second=81.0, phases={}) for n in epochs)


def history(*ious: float) -> History:
    rows = []
    for epoch, iou in enumerate(ious, 1):
        best = iou > max(ious[: epoch - 1], default=0)
        phases = {"train": scores(0.1), "validation": scores(iou)}
        rows.append(EpochRow(epoch=epoch, learning_rate=1e-3, best=best, **phases))
    return History(rows=tuple(rows))


Capture = pytest.CaptureFixture[str]


class Counted:
    """A store that counts what is asked of it, and can be unplugged."""

    def __init__(self, store: Store) -> None:
        self.store, self.asked, self.unplugged = store, Counter[str](), 0

    @property
    def url(self) -> str:
        return self.store.url

    def read(self, key: str) -> bytes:
        self.asked["read"] += 1
        return self.store.read(key)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self.asked["list"] += 1
        if self.unplugged:
            self.unplugged -= 1
            raise StoreError("unreachable", where="the store", fix="Plug it in")
        # Half an hour older, so that a snapshot may keep what it read.
        for entry in self.store.list(prefix):
            yield Entry(entry.key, entry.size, entry.modified - timedelta(minutes=30))

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    """One run done, one running, one failed, one interrupted, two new."""
    place = open_store(str(tmp_path / "store"))

    def put(key: str, document: Document) -> None:
        write_document(place, key, document)

    put(
        layout.study("tiny", "plan.json"),
        StudyRecord(plan=PLAN, planned=datetime.now(UTC), image_counts={"train": 16, "test": 4}),
    )
    done, running, failed, stopped = KEYS[:4]
    result = Result(
        key=done, status="finished", stopped="epochs", epochs=2, best_epoch=1, images={"train": 16},
        validation=scores(0.7), test=scores(0.65),
    )  # fmt: skip
    put(layout.run(done, "result.json"), result)
    put(layout.run(done, "history.json"), history(0.7, 0.6))
    put(layout.attempt(done, 1), attempt(cause="lost", epochs=timings(1)))
    put(layout.attempt(done, 2), attempt(2, cause="finished", ended=datetime.now(UTC), epochs=timings(2)))
    put(layout.run(running, "history.json"), history(0.5))
    put(layout.attempt(running, 1), attempt(epochs=timings(1)))
    put(layout.attempt(failed, 1), attempt(cause="data", message="images/a.jpg: damaged\nDelete it"))
    put(layout.attempt(stopped, 1), attempt(cause="interrupted"))
    return Counted(place)


def test_rows_tell_state_epoch_scores_and_attempts_in_the_order_of_the_plan(store: Counted) -> None:
    rows = status_rows(store, "tiny")  # type: ignore[arg-type]
    assert [row.key for row in rows] == KEYS
    assert [row.state for row in rows] == ["done", "running", "failed", "resume", "new", "new"]
    done, running, failed, stopped, new, _ = rows
    assert (done.epoch, done.epochs, done.best_iou, done.best_epoch, done.test_iou) == (2, 2, 0.7, 1, 0.65)
    assert (done.attempts, done.images_per_second, done.node) == (2, 81.0, "lab")
    assert (running.epoch, running.best_iou, running.seconds_left) == (1, 0.5, 4.0)
    assert running.last_seen == read_attempts(store, KEYS[1])[0].last_seen  # type: ignore[arg-type]
    assert "images/a.jpg: damaged" in failed.why
    assert stopped.why == "attempt 1: interrupted after epoch 0"
    assert (new.attempts, new.last_seen, new.best_iou, new.why) == (0, None, None, "never started")


def test_one_damaged_record_does_not_hide_the_other_runs(store: Counted) -> None:
    store.write(layout.run(KEYS[1], "result.json"), b"{")  # type: ignore[operator]
    rows = status_rows(store, "tiny")  # type: ignore[arg-type]
    assert [row.state for row in rows][:2] == ["done", "failed"]
    assert "not JSON" in rows[1].why


def test_a_damaged_attempt_counts_as_one_that_was_lost(store: Counted) -> None:
    store.write(layout.attempt(KEYS[1], 1), b"{")  # type: ignore[operator]
    rows = status_rows(store, "tiny")  # type: ignore[arg-type]
    assert [row.state for row in rows][:2] == ["done", "resume"]


def test_an_unknown_study_is_refused_with_those_there_are(store: Counted) -> None:
    with pytest.raises(ConfigurationError, match="tiny"):
        status_rows(store, "tinny")  # type: ignore[arg-type]


def test_a_second_look_asks_only_for_what_changed(store: Counted) -> None:
    status = StudyStatus(store, "tiny")  # type: ignore[arg-type]
    status.rows()
    first = Counter(store.asked)
    status.rows()
    assert store.asked - first == Counter(list=1, read=1)
    write_document(store.store, layout.run(KEYS[1], "history.json"), history(0.5, 0.8))
    before = Counter(store.asked)
    assert status.rows()[1].best_iou == 0.8
    assert store.asked - before == Counter(list=1, read=2)


def test_fresh_objects_are_read_again_because_their_time_may_hide_a_change(tmp_path: Path) -> None:
    place = open_store(str(tmp_path / "store"))
    snapshot = Snapshot(place, "runs/")
    place.write("runs/a", b"1")
    stale = next(iter(place.list("runs/")))
    for value in (b"1", b"2"):
        # The same size and time, as in a store that counts whole seconds.
        place.write("runs/a", value)
        snapshot._store = Frozen(place, stale)  # type: ignore[assignment]
        snapshot.refresh()
        assert snapshot.read("runs/a") == value


class Frozen:
    def __init__(self, store: Store, entry: Entry) -> None:
        self.store, self.entry = store, entry

    def list(self, prefix: str = "") -> Iterator[Entry]:
        yield self.entry

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def test_a_snapshot_is_what_was_there_at_its_refresh(tmp_path: Path) -> None:
    place = open_store(str(tmp_path / "store"))
    for key in ("runs/a/1", "runs/a/2", "runs/ab/1", "studies/x"):
        place.write(key, key.encode())
    snapshot = Snapshot(place, "runs/")
    assert list(snapshot.list("runs/")) == []
    snapshot.refresh()
    snapshot.write("runs/a/3", b"")
    assert [entry.key for entry in snapshot.list("runs/a/")] == ["runs/a/1", "runs/a/2"]
    with pytest.raises(KeyError):
        snapshot.read("runs/a/3")
    assert snapshot.read("studies/x") == b"studies/x"
    snapshot.delete("runs/a/1")
    snapshot.refresh()
    assert [entry.key for entry in snapshot.list("runs/a/")] == ["runs/a/2", "runs/a/3"]
    assert snapshot.url == place.url


def test_json_has_every_row_and_the_count_of_states(store: Counted, capsys: Capture) -> None:
    print_status(store, "tiny", as_json=True)  # type: ignore[arg-type]
    facts = json.loads(capsys.readouterr().out)
    assert facts["states"] == {"done": 1, "running": 1, "resume": 1, "new": 2, "failed": 1}
    assert [run["key"] for run in facts["runs"]] == KEYS
    assert datetime.fromisoformat(facts["runs"][1]["last_seen"]) == status_rows(store, "tiny")[1].last_seen  # type: ignore[arg-type]


def test_without_a_terminal_the_status_is_plain_text(store: Counted, capsys: Capture) -> None:
    print_status(store, "tiny")  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in out)
    assert out.splitlines()[-1] == "tiny: 6 runs: 1 done, 1 running, 1 to resume, 2 new, 1 failed"
    assert f"{KEYS[2]}  failed" in out
    assert "images/a.jpg: damaged Delete it" in out


def table(rows: list[StatusRow], width: int, height: int | None) -> list[str]:
    console = Console(width=width, force_terminal=True, color_system=None, file=io.StringIO())
    with console.capture() as capture:
        console.print(picture("tiny", rows, width, height))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (80, 10)])
@pytest.mark.parametrize("times", [1, 10])
def test_the_table_fits_the_terminal(store: Counted, width: int, height: int, times: int) -> None:
    lines = table(status_rows(store, "tiny") * times, width, height)  # type: ignore[arg-type]
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    assert any("▸" in line for line in lines)


def test_the_printed_table_has_every_run_and_every_reason_whole(store: Counted) -> None:
    lines = table(status_rows(store, "tiny") * 20, 80, None)  # type: ignore[arg-type]
    assert sum("▸" in line for line in lines) == 20
    assert " ".join(" ".join(lines).split()).count("images/a.jpg: damaged Delete it") == 20


def test_a_watch_prints_what_changed_and_ends_with_the_study(
    store: Counted, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(_: float) -> None:
        """What the world does between two looks: the store goes away, comes back, and every run fails."""
        if store.asked["list"] == 1:
            store.unplugged = 1
        elif store.asked["list"] == 2:
            for key in KEYS[1:]:
                write_document(store.store, layout.attempt(key, 2), attempt(2, cause="bug", message="oh"))

    monkeypatch.setattr("kvjob.local.watch.time.sleep", later)
    watch_status(store, "tiny", 0.0)  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert sum("running" in line and KEYS[1] in line for line in lines) == 1
    assert sum("unreachable" in line and "Looking again" in line for line in lines) == 1
    assert lines[-1].endswith("tiny: 6 runs: 1 done, 5 failed")


def test_ctrl_c_ends_a_watch_quietly(store: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kvjob.local.watch.time.sleep", press)
    watch_status(store, "tiny")  # type: ignore[arg-type]


def test_status_needs_no_torch() -> None:
    import subprocess

    check = "import sys, kvjob.local; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
