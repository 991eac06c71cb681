"""A run that somebody else trains is left to them while they live."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kvjob.local import schedule
from kvjob.local.elsewhere import elsewhere_of
from kvjob.records import layout
from kvjob.records.attempt import Attempt, node_name
from kvjob.records.document import write_document
from kvjob.store import Store, open_store
from tests.unit.local.fake_trainer import Bench

KEY = "5271f9af89c7"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def attempt(store: Store, node: str, pid: int = 1, seconds_ago: float = 5, **fields: object) -> None:
    seen = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    record = Attempt(number=1, started=seen, last_seen=seen, node=node, pid=pid, **fields)
    write_document(store, layout.attempt(KEY, 1), record)


def test_a_living_trainer_of_another_machine_is_named(store: Store) -> None:
    assert elsewhere_of(store)(KEY) == ""
    attempt(store, "gpu-7")
    assert elsewhere_of(store)(KEY).startswith("gpu-7, epoch 1, seen 5 s ago")


def test_one_that_fell_silent_or_ended_is_not_waited_for(store: Store) -> None:
    attempt(store, "gpu-7", seconds_ago=1000)
    assert elsewhere_of(store)(KEY) == ""
    attempt(store, "gpu-7", cause="interrupted")
    assert elsewhere_of(store)(KEY) == ""


def test_on_this_machine_its_process_tells_whether_it_lives(store: Store) -> None:
    attempt(store, node_name(), pid=os.getpid())  # another program that was given the number
    assert elsewhere_of(store)(KEY) == ""
    command = [sys.executable, "-c", "input()", KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        attempt(store, node_name(), pid=process.pid)
        assert elsewhere_of(store)(KEY).startswith(node_name())
        process.kill()
    assert elsewhere_of(store)(KEY) == ""


def test_a_run_waits_for_its_turn_while_the_others_are_trained(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "ELSEWHERE_SECONDS", 0.2)
    runs = bench.plan([[]], [[]], [[]])
    asked: list[str] = []

    def elsewhere(key: str) -> str:
        asked.append(key)
        return "gpu-7, epoch 3" if key == runs[0].key and asked.count(key) < 3 else ""

    outcome = bench.run(runs, jobs=1, elsewhere=elsewhere)
    assert bench.notes("start") == [2, 3, 1]
    assert [run.status for run in outcome.runs] == ["done"] * 3
    held = [row for row in bench.view.changed if row.phase == "elsewhere"]
    assert {(row.run.key, row.state, row.message) for row in held} == {
        (runs[0].key, "waiting", "gpu-7, epoch 3")
    }
