"""A run's scores on the test set, with intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from kvjob.errors import DataError
from kvjob.inference.record import Interval, IntervalScores
from kvjob.records import layout
from kvjob.records.counts import parse_counts
from kvjob.records.predictions import NAME, decode_predictions
from kvjob.store import KeyMissing, Store
from kvjob.study.scores import SCORES, mean_over_images, over_all_pixels, score_each

RESAMPLES = 10_000
SEED = 0

_FIX = "Delete the run's result.json and run the study again"

Statistic = Callable[..., NDArray[np.float64]]
"""A score of samples, along the axis that it is given."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run's `scores.csv` and `predictions.png` hold."""

    names: tuple[str, ...]
    """Of the test images."""
    counts: NDArray[np.int64]
    """TP, FP, FN, TN in pixels, shape (n, 4)."""
    masks: NDArray[np.bool_] | None = None
    """What the trainer predicted, shape (n, input_size, input_size), if the run has kept it."""

    def worst(self, number: int) -> list[tuple[str, float]]:
        """The images with the lowest IoU, and it, the lowest first."""
        ious = score_each(self.counts)["iou"]
        order = sorted(range(len(self.names)), key=lambda index: (ious[index], self.names[index]))
        return [(self.names[index], float(ious[index])) for index in order[:number]]


def read_scores(store: Store, key: str) -> Scored:
    """What the trainer counted and predicted of each test image; DataError if that is missing or damaged."""
    name = layout.run(key, "scores.csv")
    try:
        frame = parse_counts(store.read(name), f"{store.url}/{name}", _FIX)
    except KeyMissing:
        raise _no_scores("missing", f"{store.url}/{name}") from None
    counts, names = frame.to_numpy(), tuple(frame.index)
    if not len(counts) or counts.min() < 0:
        raise _no_scores("damaged: no pixels are counted", f"{store.url}/{name}")
    return Scored(names, counts, _predictions(store, key, len(names)))


def interval_scores(counts: NDArray[np.int64]) -> IntervalScores:
    """All scores of counts, as Scored has them, with intervals; equal counts give equal intervals."""
    images, pixels = mean_over_images(counts), over_all_pixels(counts)
    each = score_each(counts)
    return IntervalScores(
        mean_over_images={
            name: _interval(getattr(images, name), (each[name],), lambda values, axis: values.mean(axis=axis))
            for name in SCORES
        },
        over_all_pixels={
            name: _interval(getattr(pixels, name), tuple(counts.T), partial(_score_of_sums, name=name))
            for name in SCORES
        },
    )


def _score_of_sums(*columns: NDArray[np.int64], axis: int, name: str) -> NDArray[np.float64]:
    """The score of that name of sums of TP, FP, FN and TN along an axis."""
    sums = np.stack([np.asarray(column.sum(axis=axis)) for column in columns], axis=-1)
    return score_each(sums.reshape(-1, 4))[name].reshape(sums.shape[:-1])


def _interval(value: float, samples: tuple[NDArray[np.float64], ...], statistic: Statistic) -> Interval:
    if len(samples[0]) < 2:
        return Interval(value=value, low=None, high=None)
    found = bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        batch=1000,
        paired=len(samples) > 1,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(value=value, low=float(found.low), high=float(found.high))


def _predictions(store: Store, key: str, count: int) -> NDArray[np.bool_] | None:
    name = layout.run(key, NAME)
    try:
        data = store.read(name)
    except KeyMissing:
        return None
    return decode_predictions(data, count, f"{store.url}/{name}")


def _no_scores(what: str, where: str) -> DataError:
    return DataError(what, where=where, fix=_FIX)
