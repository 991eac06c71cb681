"""Who was superseded and is started again does not take the run back from a living trainer."""

from datetime import UTC, datetime, timedelta

import pytest

from kvjob.errors import Interrupted
from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.document import write_document
from kvjob.records.live import Live
from kvjob.train import StopRequest, turn
from kvjob.train.turn import await_turn
from tests.unit.train.taking_turns import KEY, Memory


class Clock:
    """Time that passes by sleeping; after some of it, something happens."""

    def __init__(self, monkeypatch, act, after: float = 30) -> None:
        self.now, self.act, self.after = 0.0, act, after
        monkeypatch.setattr(turn, "time", self)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self.now < 1000, "waits for ever"
        if self.now > self.after:
            self.act()


class Silent:
    def send(self, event, **facts):
        return

    def close(self):
        return


def leave(store, *causes: str, seconds_ago: float = 5) -> None:
    seen = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    for number, cause in enumerate(causes, 1):
        record = Attempt(number=number, started=seen, last_seen=seen, cause=cause)
        write_document(store, layout.attempt(KEY, number), record)


@pytest.mark.parametrize(
    "causes", [(), ("running",), ("lost", "running"), ("superseded", "lost", "running"), ("interrupted",)]
)
def test_a_run_is_taken_over_at_once_unless_two_are_known_to_live(monkeypatch, causes):
    store = Memory()
    leave(store, *causes)
    clock = Clock(monkeypatch, lambda: None)
    await_turn(store, KEY, Silent(), StopRequest(), Live())
    assert clock.now == 0


@pytest.mark.parametrize(("seconds_ago", "cause"), [(1000, "running"), (5, "interrupted")])
def test_a_superseded_one_waits_for_the_silence_or_the_end_of_the_other(monkeypatch, seconds_ago, cause):
    store = Memory()
    leave(store, "superseded", "running")
    clock = Clock(monkeypatch, lambda: leave(store, "superseded", cause, seconds_ago=seconds_ago))
    await_turn(store, KEY, Silent(), StopRequest(), Live())
    assert 30 < clock.now < 50


def test_who_waits_can_be_stopped(monkeypatch):
    store, stop = Memory(), StopRequest()
    leave(store, "superseded", "running")
    clock = Clock(monkeypatch, lambda: stop._note(15, None))
    with pytest.raises(Interrupted, match="SIGTERM"):
        await_turn(store, KEY, Silent(), stop, Live())
    assert clock.now < 31
