"""How finished runs trained: how soon they were nearly there, how steady they ended, how fast they went."""

from statistics import median

import numpy as np

from kvjob.report.cost import SECONDS_PER_HOUR, wasted_seconds_of
from kvjob.report.measure import POINTS
from kvjob.report.read import Run

NEARLY = 0.95
"""Share of a run's best validation IoU at which it counts as nearly there."""
LAST = 5
"""Epochs at a run's end over which its steadiness is told."""


def epochs_to_nearly_best(run: Run) -> int | None:
    """The first epoch whose validation IoU (mean over images) is at least 95 % of the run's best.

    None for a run without an epoch, or one whose validation IoU never left zero.
    """
    iou = run.course.series("iou", "validation")
    if not iou.size or iou.max() <= 0:
        return None
    return int(np.argmax(iou >= NEARLY * iou.max())) + 1


def spread_of_last_epochs(run: Run) -> float | None:
    """Sample standard deviation of validation IoU over the last five epochs, in points.

    None for a run of fewer than five: the spread of fewer says something else.
    """
    iou = run.course.series("iou", "validation")
    return float(iou[-LAST:].std(ddof=1)) * POINTS if iou.size >= LAST else None


def images_per_second(run: Run) -> float | None:
    """Median over all epochs that its attempts trained, so that a slow first epoch does not count."""
    speeds = [timing.images_per_second for attempt in run.attempts for timing in attempt.epochs]
    return median(speeds) if speeds else None


def useful_hours(run: Run) -> float | None:
    """Hours of one device that its result took, less what interruptions wasted; None if no attempt tells."""
    if not run.attempts:
        return None
    seconds = sum(attempt.seconds for attempt in run.attempts) - wasted_seconds_of(run)
    return seconds / SECONDS_PER_HOUR
