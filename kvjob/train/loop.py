"""A run as a loop over epochs."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvjob.records.attempt import EpochTiming
from kvjob.records.live import Live
from kvjob.records.run import EpochRow, PhaseScores, Stopped
from kvjob.study.config import TrainConfig
from kvjob.train.attempts import AttemptLog
from kvjob.train.epoch import Passes
from kvjob.train.progress import Reporter, epoch_facts
from kvjob.train.snapshot import Learner, take
from kvjob.train.writer import BackgroundWriter


@dataclass(frozen=True, slots=True)
class Fit:
    """How training ended."""

    stopped: Stopped
    history: tuple[EpochRow, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Indices of the images that a run trains on and validates with."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def fit(
    config: TrainConfig,
    learner: Learner,
    passes: Passes,
    part: Part,
    history: tuple[EpochRow, ...],
    writer: BackgroundWriter,
    log: AttemptLog,
    report: Reporter,
    live: Live,
) -> Fit:
    """Train from the end of history until all epochs are done, early stopping, or divergence."""
    live.history = history
    for epoch in range(len(history) + 1, config.epochs + 1):
        if history and learner.stopping.over(len(history)):
            return Fit("early-stopping", history)
        begin = time.perf_counter()
        rate = learner.optimizer.param_groups[0]["lr"]
        train = passes.train(learner.network, learner.optimizer, part.train, epoch)
        trained = time.perf_counter()
        data_seconds = passes.data_seconds
        validation, _ = passes.score(learner.network, part.validation)
        validated = time.perf_counter()
        if not _finite(train, validation):
            live.diverged = True
            return Fit("diverged", history, f"the loss stopped being finite in epoch {epoch}")

        learner.schedule.step(validation.loss)
        best = learner.stopping.better(epoch, validation.mean_over_images.iou)
        row = EpochRow(epoch=epoch, learning_rate=rate, train=train, validation=validation, best=best)
        history = (*history, row)
        snapshot = take(learner, history)
        timing = EpochTiming(
            epoch=epoch,
            seconds=validated - begin,
            images_per_second=len(part.train) / (trained - begin),
            phases={
                "data": data_seconds,
                "step": trained - begin - data_seconds,
                "validation": validated - trained,
                "checkpoint": time.perf_counter() - validated,
            },
        )
        writer.submit(snapshot, log.epoch(timing))
        live.history = history
        facts = epoch_facts(row, learner.stopping.best_iou, learner.stopping.best_epoch)
        speed = {"seconds": timing.seconds, "images_per_second": timing.images_per_second}
        report.send("epoch", epochs=config.epochs, **facts, **speed)
    return Fit("early-stopping" if learner.stopping.over(len(history)) else "epochs", history)


def _finite(*phases: PhaseScores) -> bool:
    return all(math.isfinite(phase.loss) for phase in phases)
