"""The status of a study whose runs are trained elsewhere: the store's word, and what that place says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from kvjob.errors import ConfigurationError
from kvjob.local import print_status, watch_status
from kvjob.local.status import StudyStatus
from kvjob.local.status_place import PlaceFact
from kvjob.records import layout
from kvjob.records.document import write_document
from tests.unit.local.test_status import KEYS, Capture, Counted, attempt, store, table

__all__ = ["store"]

DONE, RUNNING, FAILED, STOPPED, NEW, LAST = KEYS


@dataclass(frozen=True)
class Fact:
    phase: str
    why: str = ""
    detail: str = ""
    node: str = ""


@dataclass
class Place:
    """What the place says; calling it looks."""

    runs: Mapping[str, PlaceFact] = field(default_factory=dict)
    note: str = ""
    active: bool = True
    looks: int = 0

    def __call__(self) -> "Place":
        self.looks += 1
        return self


WAITS = Fact("waiting", "no free nvidia.com/gpu", "0/1 nodes are available: 1 Insufficient nvidia.com/gpu")
BUSY = {
    DONE: Fact("failed", "killed"),
    RUNNING: Fact("running", node="node-1"),
    FAILED: Fact("waiting", "at most 2 at once"),
    STOPPED: Fact("retrying", "out of memory", "main: OOMKilled (exit code 137)"),
    NEW: WAITS,
    LAST: WAITS,
}


def test_what_the_place_says_joins_what_the_store_says(store: Counted) -> None:
    place = Place(BUSY)
    rows = StudyStatus(store, "tiny", place).rows()  # type: ignore[arg-type]
    assert [row.state for row in rows] == ["done", "running", "failed", "resume", "new", "new"]
    assert [row.phase for row in rows] == ["", "running", "waiting", "retrying", "waiting", "waiting"]
    assert rows[1].node == "node-1"
    assert (rows[4].phase_why, rows[4].phase_detail) == (WAITS.why, WAITS.detail)
    assert place.looks == 1


def test_a_run_is_over_when_neither_the_store_nor_the_place_expects_more(store: Counted) -> None:
    def over(facts: dict[str, Fact]) -> list[bool]:
        return [row.over for row in StudyStatus(store, "tiny", Place(facts)).rows()]  # type: ignore[arg-type]

    assert over({}) == [True, False, True, False, False, False]
    # one that failed is tried again by a workflow that was submitted since
    assert over({FAILED: Fact("starting")})[2] is False
    assert over({NEW: Fact("failed", "out of memory"), FAILED: Fact("failed")})[2:5] == [True, False, True]


def test_plain_lines_tell_what_runs_wait_for(store: Counted, capsys: Capture) -> None:
    place = Place({**BUSY, LAST: Fact("running")}, note="workflow w: report waits")
    print_status(store, "tiny", place)  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].endswith("Delete it; waiting: at most 2 at once")
    assert lines[3].endswith("attempt 1: interrupted after epoch 0; retrying: out of memory")
    assert lines[4].endswith("  waiting: no free nvidia.com/gpu")
    assert lines[5].endswith("  starting")
    assert lines[6] == "workflow w: report waits"


def test_json_has_the_phase_of_each_run_and_the_note(store: Counted, capsys: Capture) -> None:
    print_status(store, "tiny", Place(BUSY, note="n"), as_json=True)  # type: ignore[arg-type]
    facts = json.loads(capsys.readouterr().out)
    assert facts["note"] == "n"
    assert facts["runs"][4]["phase"] == "waiting"
    assert facts["runs"][4]["phase_why"] == "no free nvidia.com/gpu"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, None)])
def test_the_table_fits_and_tells_each_reason_once(store: Counted, width: int, height: int | None) -> None:
    rows = StudyStatus(store, "tiny", Place(BUSY)).rows()  # type: ignore[arg-type]
    lines = table(rows, width, height)
    assert max(map(len, lines)) <= width
    assert height is None or len(lines) < height
    text = " ".join(" ".join(lines).split())
    assert "2 runs waiting: no free nvidia.com/gpu" in text
    assert "retrying: out of memory (main: OOMKilled" in text


def test_on_a_wide_terminal_the_reason_stands_in_the_runs_own_line(store: Counted) -> None:
    rows = StudyStatus(store, "tiny", Place(BUSY)).rows()  # type: ignore[arg-type]
    lines = table(rows, 110, None)
    assert sum("·" in line and "no free nvidia.com/gpu" in line for line in lines) == 2
    assert any("↻" in line and "retry: out of memory" in line for line in lines)
    narrow = table(rows, 80, None)
    assert sum("·" in line and " waiting " in line for line in narrow) == 2


def test_a_study_that_is_being_planned_is_waited_for(store: Counted, capsys: Capture) -> None:
    place = Place(note="workflow w: prepare runs")
    assert StudyStatus(store, "unplanned", place).rows() == []  # type: ignore[arg-type]
    print_status(store, "unplanned", place)  # type: ignore[arg-type]
    assert capsys.readouterr().out == "workflow w: prepare runs\nunplanned: 0 runs\n"


def test_a_study_that_nobody_plans_is_refused_with_what_the_place_says(store: Counted) -> None:
    place = Place(note="workflow w failed: prepare", active=False)
    with pytest.raises(ConfigurationError, match=r"no study 'unplanned' in this store \(workflow w failed"):
        StudyStatus(store, "unplanned", place).rows()  # type: ignore[arg-type]


def test_a_watch_begins_before_the_plan_and_ends_when_the_place_gives_up(
    store: Counted, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(note="workflow w: prepare runs")
    plan = store.store.read(layout.study("tiny", "plan.json"))
    store.store.delete(layout.study("tiny", "plan.json"))

    def later(_: float) -> None:
        if place.looks == 2:
            store.store.write(layout.study("tiny", "plan.json"), plan)
            place.runs, place.note = BUSY, ""
        elif place.looks > 2:
            place.runs = {key: Fact("failed", "killed") for key in KEYS}

    monkeypatch.setattr("kvjob.local.watch.time.sleep", later)
    watch_status(store, "tiny", 0.0, place)  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert sum("prepare runs" in line for line in lines) == 1
    assert sum(KEYS[4] in line and "no free nvidia.com/gpu" in line for line in lines) == 1
    assert sum(KEYS[4] in line and "failed: killed" in line for line in lines) == 1
    assert place.looks == 4


def test_a_result_in_the_store_outweighs_what_the_place_says(store: Counted) -> None:
    write_document(store.store, layout.attempt(LAST, 1), attempt())
    rows = StudyStatus(store, "tiny", Place(BUSY)).rows()  # type: ignore[arg-type]
    assert (rows[0].phase, rows[0].over) == ("", True)
    assert (rows[5].state, rows[5].phase) == ("running", "waiting")
