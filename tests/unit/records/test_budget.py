"""How often a run may end for one cause."""

from datetime import UTC, datetime

import pytest

from kvjob.records.attempt import Attempt
from kvjob.records.budget import BUDGETS, exhausted
from kvjob.records.cause import WORDS
from kvjob.records.state import state_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def attempts(*ends, submission=""):
    """One attempt per cause; (cause, epochs) is one that completed so many."""
    made = []
    for number, end in enumerate(ends, 1):
        cause, further = end if isinstance(end, tuple) else (end, 0)
        values = {"started": NOW, "last_seen": NOW, "ended": NOW, "submission": submission}
        reached = max((each.saved for each in made), default=0)
        saved = reached + further if further else 0
        made.append(Attempt(number=number, cause=cause, resumed_from=reached, saved=saved, **values))
    return tuple(made)


def test_every_cause_that_is_tried_again_has_a_budget_and_no_other():
    taken_away = {"interrupted", "superseded", "pod-deleted", "evicted", "node-lost", "lost"}
    others = {"oom-killed", "cuda-oom", "hang", "disk-full", "store", "credentials"}
    assert set(BUDGETS) == taken_away | others


@pytest.mark.parametrize("cause", sorted(BUDGETS))
def test_a_cause_uses_up_its_budget_and_not_before(cause):
    most = BUDGETS[cause].most
    assert exhausted(attempts(*[cause] * (most - 1))) == ""
    why = exhausted(attempts(*[cause] * most))
    assert WORDS[cause] in why
    assert f"{most} times" in why


def test_a_run_that_is_taken_away_a_hundred_times_and_gets_on_every_time_goes_on():
    assert exhausted(attempts(*[("evicted", 1)] * 100)) == ""


def test_an_attempt_that_completed_an_epoch_gives_every_cause_its_budget_back():
    most = BUDGETS["hang"].most
    before = ["hang"] * (most - 1)
    assert exhausted(attempts(*before, ("lost", 2), *before)) == ""
    assert exhausted(attempts(*before, "lost", "hang")) != ""


def test_causes_do_not_use_up_each_others_budgets():
    assert exhausted(attempts(*["hang", "lost"] * (BUDGETS["hang"].most - 1))) == ""


def test_an_epoch_that_the_store_did_not_take_is_no_progress():
    most = BUDGETS["disk-full"].most
    resumed = [each.model_copy(update={"resumed_from": 3, "saved": 0}) for each in attempts("disk-full")]
    assert exhausted(resumed * most) != ""


def test_who_asks_anew_begins_to_count_anew():
    used = attempts(*["hang"] * BUDGETS["hang"].most, submission="first")
    assert exhausted(used) == exhausted(used, "first") != ""
    assert exhausted(used, "second") == ""


@pytest.mark.parametrize("cause", ["bug", "data", "configuration", "finished"])
def test_what_is_not_tried_again_has_no_budget_to_use_up(cause):
    assert exhausted(attempts(*[cause] * 30)) == ""


def test_no_attempt_has_used_up_nothing():
    assert exhausted(()) == ""


def test_a_used_up_budget_is_a_failed_run_and_says_of_what():
    state = state_of(attempts(*["hang"] * BUDGETS["hang"].most), None, NOW)
    assert state.kind == "failed"
    assert state.why == "attempt 3: no progress, 3 times since it last completed an epoch"
