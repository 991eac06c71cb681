"""Documents: what is written is read back, and nothing else passes for one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError, DataError
from kvjob.records.attempt import Attempt
from kvjob.records.checkpoint import CheckpointPointer
from kvjob.records.document import parse_document, read_document, write_document
from kvjob.records.run import History, Result, RunRecord
from kvjob.records.study import StudyRecord, read_study
from kvjob.store import open_store
from kvjob.study import TrainConfig

KINDS = (Attempt, CheckpointPointer, History, Result, RunRecord, StudyRecord)


def test_a_document_survives_the_store_and_equal_ones_are_equal_bytes(tmp_path):
    store = open_store(str(tmp_path))
    record = RunRecord(key="abc", config=TrainConfig(), dataset="d", code="c")
    for key in ("one.json", "two.json"):
        write_document(store, key, record)
    assert read_document(store, "one.json", RunRecord) == record
    assert store.read("one.json") == store.read("two.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(KINDS), st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_lies_there_is_a_document_or_named_as_damaged(kind, data):
    try:
        parse_document(data, kind, "store/key")
    except (DataError, ConfigurationError) as refusal:
        assert str(refusal).startswith("store/key: ")


def test_deep_nesting_is_damage_and_no_crash():
    for data in (b"[" * 100_000, b'{"a":' * 50_000):
        with pytest.raises(DataError):
            parse_document(data, History, "key")


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_format_is_refused_with_the_advice_to_upgrade(kind):
    with pytest.raises(ConfigurationError, match="newer kvjob, in format 2.*Upgrade kvjob"):
        parse_document(b'{"format": 2, "unheard": "of"}', kind, "key")


def test_an_unknown_study_is_refused_with_those_there_are(tmp_path):
    store = open_store(str(tmp_path))
    with pytest.raises(ConfigurationError, match="no study 'paper'.*kvjob plan"):
        read_study(store, "paper")
    store.write("studies/other/plan.json", b"{}")
    with pytest.raises(ConfigurationError, match="Choose one of other"):
        read_study(store, "paper")


def test_an_attempt_of_an_earlier_version_is_still_read():
    attempt = parse_document(
        b'{"format": 1, "number": 1, "started": "2026-01-01T00:00:00Z", "last_seen": "2026-01-01T00:00:00Z"}',
        Attempt,
        "key",
    )
    assert (attempt.metrics_study, attempt.store_seconds) == ("", 0.0)
