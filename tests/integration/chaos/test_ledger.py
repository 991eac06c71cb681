"""The count itself: what it must not overlook."""

from datetime import UTC, datetime, timedelta

from kvjob.records.attempt import Attempt, EpochTiming
from tests.integration.chaos.ledger import Injection, steps, time_lost

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def attempt(number: int, minute: float, resumed_from: int, *epochs: int) -> Attempt:
    timings = tuple(EpochTiming(epoch=epoch, seconds=60, images_per_second=1, phases={}) for epoch in epochs)
    record = {"number": number, "started": at(minute), "last_seen": at(minute), "resumed_from": resumed_from}
    return Attempt(**record, epochs=timings)


def test_an_epoch_trained_twice_is_charged_to_the_fault_before_it():
    faults = [Injection("early", "a", at(1), 1), Injection("damage", "a", at(3), 3, damaged=1)]
    attempts = {"a": [attempt(1, 0, 0, 1, 2, 3), attempt(2, 4, 1, 2, 3, 4)]}
    [step], amiss = steps(attempts, faults)
    assert (step.repeated, step.allowed, amiss) == (2, 2, [])
    assert [fault.repeated for fault in faults] == [0, 2]
    time_lost(faults, [(at(3.5), "a", 3), (at(7), "a", 4)], epoch_seconds=60)
    assert faults[1].seconds == 180


def test_more_than_that_is_more_than_allowed():
    [step], _ = steps({"a": [attempt(1, 0, 0, 1, 2, 3), attempt(2, 4, 0, 1, 2, 3)]}, [])
    assert (step.repeated, step.allowed) == (3, 1)


def test_an_attempt_that_skips_an_epoch_is_told():
    _, amiss = steps({"a": [attempt(1, 0, 0, 1, 3)]}, [])
    assert len(amiss) == 1
