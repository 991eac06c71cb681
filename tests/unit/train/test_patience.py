"""What a trainer does while its store is away."""

import signal
import threading
import time

import pytest

from kvjob.errors import CredentialsError, StoreAwayError
from kvjob.records.live import Live
from kvjob.store import KeyMissing, Store
from kvjob.store.directory import DirectoryStore
from kvjob.train import patience
from kvjob.train.patience import PatientStore
from kvjob.train.stop import StopRequest


class Away(DirectoryStore):
    """A directory that fails for a number of tries, or for ever."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.tries, self.failures = 0, 0.0
        self.error = StoreAwayError("the server could not be reached", where="there", fix="Bring it back")

    def write(self, key, data):
        self._fail()
        super().write(key, data)

    def read(self, key):
        self._fail()
        return super().read(key)

    def _fail(self):
        self.tries += 1
        if self.failures:
            self.failures -= 1
            raise self.error


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.02)
    return Away(tmp_path)


def patient(store, seconds=60.0, stop=None, live=None):
    return PatientStore(store, stop or StopRequest(), live or Live(), seconds)


def test_every_operation_of_a_store_is_patient():
    operations = {name for name in vars(Store) if not name.startswith("_")}
    assert operations <= set(vars(PatientStore))


def test_what_was_written_while_it_was_away_arrives_when_it_is_back(store, capsys):
    store.failures, live = 5, Live()
    waiting = patient(store, live=live)
    waiting.write("key", b"data")
    assert waiting.read("key") == b"data"
    assert store.tries == 7
    assert time.time() - live.alive < 5
    assert waiting.outages == ["the store was away for 0 s"]
    assert capsys.readouterr().err.count("warning: there: the server could not be reached") == 1


def test_patience_ends_and_says_how_long_it_was(store):
    store.failures = float("inf")
    begin = time.monotonic()
    with pytest.raises(StoreAwayError, match=r"could not be reached, for \d s"):
        patient(store, 0.3).write("key", b"")
    assert 0.3 <= time.monotonic() - begin < 5


def test_an_outage_uses_up_the_patience_of_all_who_ask(store):
    store.failures = float("inf")
    waiting = patient(store, 0.3)
    with pytest.raises(StoreAwayError):
        waiting.write("key", b"")
    tries = store.tries
    with pytest.raises(StoreAwayError):
        waiting.write("attempt", b"")
    assert store.tries == tries + 1
    store.failures = 0
    waiting.write("key", b"data")
    store.failures = 3
    waiting.write("key", b"data")  # a new outage, and new patience


def test_who_is_asked_to_stop_does_not_wait_for_long(store, monkeypatch):
    monkeypatch.setattr(patience, "HURRY_SECONDS", 0.2)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 60.0)
    store.failures = float("inf")
    stop = StopRequest()
    threading.Timer(1.5, stop._note, (signal.SIGTERM, None)).start()
    begin = time.monotonic()
    with pytest.raises(StoreAwayError):
        patient(store, stop=stop).write("key", b"")
    assert 1.5 <= time.monotonic() - begin < 5


def test_what_a_retry_would_meet_again_is_told_at_once(store):
    store.failures, store.error = float("inf"), CredentialsError("expired", where="there", fix="Renew them")
    with pytest.raises(CredentialsError):
        patient(store).write("key", b"")
    assert store.tries == 1
    store.failures = 0
    with pytest.raises(KeyMissing):
        patient(store).read("none")
