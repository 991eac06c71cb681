"""What the store tells of a run."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.budget import BUDGETS
from kvjob.records.cause import WORDS, Cause
from kvjob.records.document import write_document
from kvjob.records.run import Result
from kvjob.records.state import SILENCE_SECONDS, run_state
from kvjob.store import open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path))


def attempt(store, number: int = 1, **fields) -> None:
    timings = tuple(EpochTiming(epoch=epoch, seconds=1, images_per_second=10, phases={}) for epoch in (1, 2))
    values = {"started": NOW, "last_seen": NOW, "epochs": timings, **fields}
    write_document(store, layout.attempt("abc", number), Attempt(number=number, **values))


def test_a_run_without_attempts_is_new(store):
    assert run_state(store, "abc", NOW).kind == "new"


def test_a_run_that_was_seen_lately_is_running_and_a_silent_one_can_be_resumed(store):
    attempt(store)
    assert run_state(store, "abc", NOW + timedelta(seconds=5)).kind == "running"
    silent = run_state(store, "abc", NOW + timedelta(seconds=SILENCE_SECONDS + 1))
    assert (silent.kind, silent.why) == ("resume", "attempt 1 fell silent after epoch 2")


def test_a_run_of_long_epochs_may_be_silent_for_longer(store):
    slow = EpochTiming(epoch=1, seconds=600, images_per_second=1, phases={})
    attempt(store, epochs=(slow,))
    assert run_state(store, "abc", NOW + timedelta(seconds=1700)).kind == "running"
    attempt(store, 2)  # the next attempt is measured by the last epoch there was
    assert run_state(store, "abc", NOW + timedelta(seconds=SILENCE_SECONDS + 1)).kind == "resume"


@pytest.mark.parametrize("cause", sorted(BUDGETS))
def test_a_cause_that_can_pass_leaves_a_run_to_resume(store, cause):
    attempt(store, cause=cause, ended=NOW)
    state = run_state(store, "abc", NOW)
    assert (state.kind, state.why) == ("resume", f"attempt 1: {WORDS[cause]} after epoch 2")


def test_a_run_to_resume_tells_how_all_its_attempts_ended(store):
    for number, cause in enumerate(("evicted", "evicted", "cuda-oom", "interrupted"), 1):
        attempt(store, number, cause=cause, ended=NOW)
    said = "attempt 4: interrupted after epoch 2 (before: 2 × pod evicted, GPU out of memory)"
    assert run_state(store, "abc", NOW).why == said


def test_every_cause_has_words_of_its_own():
    assert set(WORDS) == set(get_args(Cause))
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.parametrize("cause", ["data", "configuration", "bug"])
def test_a_cause_that_stays_leaves_a_failed_run_with_its_message(store, cause):
    attempt(store, cause="lost", ended=NOW)
    attempt(store, 2, cause=cause, ended=NOW, message="images/a.jpg is damaged")
    state = run_state(store, "abc", NOW)
    assert state.kind == "failed"
    assert "attempt 2" in state.why
    assert "images/a.jpg is damaged" in state.why


@pytest.mark.parametrize(("status", "stopped"), [("finished", "early-stopping"), ("diverged", "diverged")])
def test_a_result_is_the_end_whatever_the_attempts_say(store, status, stopped):
    attempt(store)
    result = Result(
        key="abc",
        status=status,
        stopped=stopped,
        epochs=2,
        best_epoch=0,
        images={},
        validation=None,
        test=None,
    )
    write_document(store, layout.run("abc", "result.json"), result)
    state = run_state(store, "abc", NOW)
    assert (state.kind, state.result) == ("done", result)
    assert status in state.why
