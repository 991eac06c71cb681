"""How long a run will go on, with early stopping in view."""

import math
from collections.abc import Sequence

from kvjob.records.attempt import EpochTiming
from kvjob.records.live import Live
from kvjob.records.run import EpochRow
from kvjob.study.config import TrainConfig

RECENT = 5
"""Epochs whose mean duration is taken for those to come."""

_LARGEST_EXPONENT = 50.0


def epochs_left(history: Sequence[EpochRow], config: TrainConfig) -> float:
    """Epochs that are still to come, if they go on to be better as often as the last ones were.

    Training ends at `epochs`, or after `early_stop_patience` epochs in a row without a better one. The chance
    of a better one is taken from as many epochs as that patience. If none of them was better it is zero, and
    what is left is the patience that is left; if all were, all epochs are.
    """
    done, patience = len(history), config.early_stop_patience
    most = float(config.epochs - done)
    if not history:
        return most
    since = done - max((row.epoch for row in history if row.best), default=0)
    recent = history[-patience:]
    chance = sum(row.best for row in recent) / len(recent)
    if since >= patience:
        return 0.0
    if chance == 0:
        return min(most, float(patience - since))
    if chance == 1 or -patience * math.log1p(-chance) > _LARGEST_EXPONENT:
        return most
    # trials until so many failures in a row, some of which have happened already
    failure = 1 - chance
    return min(most, (failure**-patience - failure**-since) / chance)


def seconds_left(live: Live, now: float) -> float | None:
    """Seconds until training is over, without the test that follows; None before anything was measured.

    Args:
        live: a run in training.
        now: Unix time.
    """
    if live.run is None or not live.attempts or not live.epoch_began:
        return None
    epochs = epochs_left(live.history, live.run.config)
    spent = max(0.0, now - live.epoch_began)
    timings = live.attempts[-1].epochs[-RECENT:]
    if timings:
        per_epoch = sum(map(_whole, timings)) / len(timings)
    elif live.step:
        per_epoch = max(0.0, live.progressed - live.epoch_began) * live.steps / live.step
    else:
        return None
    return max(0.0, epochs * per_epoch - min(spent, per_epoch))


def _whole(timing: EpochTiming) -> float:
    return timing.seconds + timing.phases.get("checkpoint", 0.0)
