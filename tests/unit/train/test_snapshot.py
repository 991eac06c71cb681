"""Snapshots: exact, independent of what follows, and the same bytes for the same state."""

import numpy as np
import pytest
import torch
from torch import nn

from kvjob.records.checkpoint import MODEL, TRAINING, best_epoch
from kvjob.records.run import EpochRow, PhaseScores
from kvjob.study import TrainConfig
from kvjob.study.scores import Scores
from kvjob.train.optimizer import make_optimizer, make_schedule
from kvjob.train.snapshot import Learner, encode, history_of, restore, take
from kvjob.train.stopping import EarlyStopping


def learner(optimizer: str, seed: int = 0) -> Learner:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 1))
    network = network.to(memory_format=torch.channels_last)
    config = TrainConfig(optimizer=optimizer, learning_rate=0.01, lr_patience=1, weight_decay=0.001)
    made = make_optimizer(config, network.parameters())
    return Learner(network, made, make_schedule(config, made), EarlyStopping(5))


def train(it: Learner, first: int, last: int, history: tuple[EpochRow, ...] = ()) -> tuple[EpochRow, ...]:
    for epoch in range(first, last + 1):
        torch.manual_seed(epoch)
        it.network.train()
        for _ in range(3):
            loss = it.network(torch.randn(4, 3, 8, 8)).square().mean()
            it.optimizer.zero_grad()
            loss.backward()
            it.optimizer.step()
        it.schedule.step(1.0)
        score = np.random.default_rng(epoch).random()
        phase = PhaseScores(
            loss=float(loss.detach()),
            mean_over_images=Scores(iou=score, dice=score, precision=1, recall=1, accuracy=1),
            over_all_pixels=Scores(iou=score, dice=score, precision=1, recall=1, accuracy=1),
        )
        best = it.stopping.better(epoch, score)
        rate = it.optimizer.param_groups[0]["lr"]
        row = EpochRow(epoch=epoch, learning_rate=rate, train=phase, validation=phase, best=best)
        history = (*history, row)
    return history


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_going_on_from_a_snapshot_ends_with_the_bytes_of_never_stopping(optimizer, stop):
    straight = learner(optimizer)
    whole = encode(take(straight, train(straight, 1, 6)))
    first = learner(optimizer)
    files = encode(take(first, train(first, 1, stop)))
    second = learner(optimizer, seed=99)
    history = restore(second, files)
    assert encode(take(second, train(second, stop + 1, 6, history))) == whole


def test_a_snapshot_does_not_change_while_training_goes_on():
    it = learner("adam")
    history = train(it, 1, 2)
    snapshot = take(it, history)
    before = encode(snapshot)
    train(it, 3, 4, history)
    assert encode(snapshot) == before


def test_files_tell_their_best_epoch_and_history():
    it = learner("adam")
    history = train(it, 1, 5)
    files = encode(take(it, history))
    assert set(files) == {MODEL, TRAINING}
    assert history_of(files) == history
    assert best_epoch(files) == max(history, key=lambda row: row.validation.mean_over_images.iou).epoch
