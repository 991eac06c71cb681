"""Attempts' records: what is read of them when they are damaged."""

from datetime import UTC, datetime

import pytest

from kvjob.errors import ConfigurationError
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.document import write_document
from kvjob.records.state import run_state
from kvjob.store import open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path))
    for number, cause in enumerate(("interrupted", "interrupted", "finished"), start=1):
        attempt = Attempt(number=number, started=NOW, last_seen=NOW, ended=NOW, cause=cause)
        write_document(store, layout.attempt("abc", number), attempt)
    return store


@pytest.mark.parametrize("damage", [b"", b'{"format": 1, "num', b"[]", b'{"format": 1}', b"\xff\xfe"])
def test_a_damaged_record_is_an_attempt_that_was_lost_and_the_others_are_read(store, damage):
    store.write(layout.attempt("abc", 3), damage)
    attempts = read_attempts(store, "abc")
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.cause for attempt in attempts] == ["interrupted", "interrupted", "lost"]
    assert "attempts/0003.json" in attempts[2].message
    state = run_state(store, "abc")
    assert (state.kind, state.attempts) == ("resume", tuple(attempts))


def test_what_else_lies_beside_the_records_is_not_read(store):
    store.write(layout.run("abc", "attempts/0003/failure.json"), b"{")
    store.write(layout.run("abc", "attempts/notes.json"), b"{")
    assert [attempt.number for attempt in read_attempts(store, "abc")] == [1, 2, 3]


def test_a_record_of_a_newer_kvjob_is_refused(store):
    store.write(layout.attempt("abc", 3), b'{"format": 99}')
    with pytest.raises(ConfigurationError, match="newer kvjob"):
        read_attempts(store, "abc")
