"""A store that is away while a run trains: nothing is lost, nothing waits, and the record says so."""

import pytest

from kvjob.errors import StoreAwayError
from kvjob.experiments import load_study
from kvjob.prepare import prepare_study
from kvjob.records.attempt import read_attempts
from kvjob.store.directory import DirectoryStore
from kvjob.train import StopRequest, patience, train_run


class Away(DirectoryStore):
    """A directory that does not answer while `away`."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.away, self.refused = False, 0

    def write(self, key, data):
        self._answer()
        super().write(key, data)

    def read(self, key):
        self._answer()
        return super().read(key)

    def list(self, prefix=""):
        self._answer()
        return super().list(prefix)

    def _answer(self):
        if self.away:
            self.refused += 1
            raise StoreAwayError("the server could not be reached", where="there", fix="Bring it back")


class Acting:
    def __init__(self, act) -> None:
        self.act, self.epochs = act, []

    def send(self, event, **facts):
        if event == "epoch":
            self.epochs.append(facts["epoch"])
            self.act(facts["epoch"])

    def close(self):
        return


@pytest.fixture
def planned(tiny_data, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.05)
    store = Away(tmp_path / "store")
    study = load_study("optimizer", preset="smoke", base={"epochs": 5, "batch_size": 4})
    run, other = prepare_study(store, study, tiny_data, lambda done, total: None).plan.runs[:2]

    def train(act):
        report = Acting(act)
        try:
            return train_run(store, study.name, run.key, tmp_path / "cache", report, StopRequest())
        finally:
            store.away, report.act = False, lambda epoch: None
            train.epochs = report.epochs

    return store, run.key, train


def kept(store, key):
    names = ("history.json", "scores.csv", "predictions.png", "result.json")
    return [store.read(f"runs/{key}/{name}") for name in names]


def test_an_outage_of_some_epochs_changes_nothing_but_a_warning(planned):
    store, key, train = planned

    def outage(epoch):
        store.away = epoch in (1, 2, 3)

    result = train(outage)
    assert (result.status, result.epochs, train.epochs) == ("finished", 5, [1, 2, 3, 4, 5])
    assert store.refused > 0
    (attempt,) = read_attempts(store, key)
    assert attempt.cause == "finished"
    assert any("the store was away for" in warning for warning in attempt.warnings)
    disturbed = kept(store, key)
    for entry in list(store.list(f"runs/{key}/")):
        store.delete(entry.key)
    train(lambda epoch: None)
    assert kept(store, key) == disturbed


def test_an_outage_without_end_ends_the_attempt_and_the_next_goes_on(planned, monkeypatch):
    store, key, train = planned
    real = patience.PatientStore.__init__
    monkeypatch.setattr(
        patience.PatientStore, "__init__", lambda self, *arguments: real(self, *arguments, patience=0.5)
    )

    def outage(epoch):
        store.away = store.away or epoch == 2

    with pytest.raises(StoreAwayError, match=r"could not be reached, for \d s"):
        train(outage)
    (silent,) = read_attempts(store, key)
    assert silent.cause == "running"  # nobody could be told
    assert train(lambda epoch: None).epochs == 5
    assert [each.cause for each in read_attempts(store, key)] == ["lost", "finished"]
    assert read_attempts(store, key)[1].resumed_from >= 1
