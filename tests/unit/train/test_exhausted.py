"""A trainer that has met the same end too often says so and does not begin."""

from datetime import UTC, datetime

import pytest
import torch

from kvjob.errors import Exhausted, ExitCode
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.budget import BUDGETS, SUBMISSION
from kvjob.records.document import write_document
from kvjob.records.live import Live
from kvjob.store import open_store
from kvjob.train.attempts import AttemptLog

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.delenv(SUBMISSION, raising=False)
    return open_store(str(tmp_path))


def leave(store, cause, number, **fields):
    """Records of earlier attempts that ended so."""
    for each in range(1, number + 1):
        values = {"started": NOW, "last_seen": NOW, "micro_batch": 8, **fields}
        write_document(store, layout.attempt("abc", each), Attempt(number=each, cause=cause, **values))


def begin(store, again=False):
    return AttemptLog(store, "abc", 8, CPU, Live(), again).record


def test_it_names_cause_number_and_what_to_do_and_opens_no_attempt(store):
    leave(store, "hang", 3, message="no step for 600 s\nmore")
    with pytest.raises(Exhausted) as told:
        begin(store)
    assert told.value.exit_code == ExitCode.EXHAUSTED == 76
    assert "run abc: no attempt 4: no progress, 3 times" in str(told.value)
    assert "(no step for 600 s)" in str(told.value)
    assert BUDGETS["hang"].fix in told.value.fix
    assert "kvjob train --again" in told.value.fix
    assert len(read_attempts(store, "abc")) == 3


def test_an_attempt_that_vanished_counts_although_nobody_closed_its_record(store):
    leave(store, "lost", BUDGETS["lost"].most - 1)
    number = BUDGETS["lost"].most
    running = Attempt(number=number, started=NOW, last_seen=NOW, micro_batch=8)
    write_document(store, layout.attempt("abc", number), running)
    with pytest.raises(Exhausted, match=f"vanished, {number} times"):
        begin(store)
    assert read_attempts(store, "abc")[-1].cause == "lost"


def test_again_begins_to_count_anew_for_those_that_follow(store):
    leave(store, "hang", 3)
    assert begin(store, again=True).number == 4
    assert begin(store).number == 5  # 4 is lost, of the same submission
    assert [each.submission for each in read_attempts(store, "abc")[2:]] == ["", "attempt 4", "attempt 4"]


def test_another_submission_begins_to_count_anew(store, monkeypatch):
    leave(store, "disk-full", 3, submission="workflow-1")
    monkeypatch.setenv(SUBMISSION, "workflow-1")
    with pytest.raises(Exhausted, match="Free some space"):
        begin(store)
    monkeypatch.setenv(SUBMISSION, "workflow-2")
    assert begin(store).submission == "workflow-2"


def test_the_least_micro_batch_that_is_too_large_is_refused_at_once(store):
    leave(store, "cuda-oom", 1, micro_batch=2)
    with pytest.raises(Exhausted, match="does not hold 2 images, and fewer cannot be trained") as told:
        begin(store)
    assert "GPU with more memory" in told.value.fix


def test_another_gpu_is_asked_for_the_whole_batch_again(store):
    leave(store, "cuda-oom", 1, micro_batch=2)
    assert begin(store, again=True).micro_batch == 8


def test_the_least_micro_batch_that_was_enough_for_an_epoch_is_tried_again(store):
    leave(store, "cuda-oom", 1, micro_batch=2, resumed_from=1, saved=2)
    assert begin(store).micro_batch == 2
