"""What a run in training shows to whoever looks on."""

import numpy as np
import pytest
import torch

from kvjob.errors import Interrupted
from kvjob.experiments import load_study
from kvjob.prepare import prepare_study
from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.records.document import read_document
from kvjob.records.live import Live
from kvjob.records.run import History
from kvjob.store import open_store
from kvjob.train import StopRequest, train_run
from kvjob.train.device import gpu_now
from kvjob.train.epoch import Passes


class Acting:
    """A reporter that acts on events."""

    def __init__(self, act=lambda event, facts: None) -> None:
        self.act = act

    def send(self, event, **facts):
        self.act(event, facts)

    def close(self):
        return


@pytest.fixture
def planned(tiny_data, tmp_path):
    """A store with a planned study, the key of one of its runs, and a way to train that."""
    store = open_store(str(tmp_path / "store"))
    study = load_study("optimizer", preset="smoke", base={"epochs": 3, "batch_size": 4})
    record = prepare_study(store, study, tiny_data, lambda done, total: None)
    key = record.plan.runs[0].key

    def train(live, act=lambda event, facts: None):
        return train_run(store, study.name, key, tmp_path / "cache", Acting(act), StopRequest(), live)

    return store, key, study.name, train


def history(store, key):
    return read_document(store, layout.run(key, "history.json"), History).rows


def test_at_its_end_it_shows_what_the_records_hold(planned):
    store, key, name, train = planned
    live = Live(watched=True)
    result = train(live)
    assert (live.study, live.run.key, live.result) == (name, key, result)
    assert live.history == history(store, key)
    assert live.attempts == tuple(read_attempts(store, key))
    assert live.attempts[0].metrics_study == name
    assert live.attempts[0].store_seconds > 0
    assert (live.step, live.steps) == (4, 4)
    assert live.checkpoint.size > 1_000_000
    assert live.progressed >= live.checkpoint.at - 60
    assert live.gpu() is None


def test_nobody_looks_on_and_the_attempt_says_so(planned):
    store, key, _, train = planned
    train(Live())
    assert read_attempts(store, key)[0].metrics_study == ""


def test_a_resumed_run_shows_the_epochs_and_attempts_before_it(planned):
    store, key, _, train = planned
    first = Live()

    def stop(event, facts):
        if event == "epoch" and facts["epoch"] == 2:
            raise Interrupted("stopped", where="test", fix="Go on")

    with pytest.raises(Interrupted):
        train(first, stop)
    live, seen = Live(), []
    train(live, lambda event, facts: seen.append(len(live.history)) if event == "epoch" else None)
    assert seen == [3]
    assert [attempt.cause for attempt in live.attempts] == ["interrupted", "finished"]
    assert live.history == history(store, key)


def test_divergence_is_shown_before_the_result_is_there(planned, monkeypatch):
    _, _, _, train = planned
    real = Passes.train

    def diverge(self, network, optimizer, indices: np.ndarray, epoch):
        with torch.no_grad():
            next(network.parameters()).fill_(float("nan"))
        return real(self, network, optimizer, indices, epoch)

    monkeypatch.setattr(Passes, "train", diverge)
    live, seen = Live(), []
    train(live, lambda event, facts: seen.append((facts.get("name"), live.diverged, live.result)))
    assert ("testing", True, None) in seen


def test_a_gpu_of_which_the_driver_tells_nothing_still_shows_its_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 123)
    monkeypatch.setattr(torch.cuda, "utilization", lambda device: 50)
    assert gpu_now(torch.device("cuda")).utilization == 0.5

    def refuse(device):
        raise RuntimeError("not supported")

    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    found = gpu_now(torch.device("cuda"))
    assert (found.memory_bytes, found.utilization) == (123, None)
