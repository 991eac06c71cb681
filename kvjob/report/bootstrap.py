"""The paired bootstrap: how far a difference in scores could be chance in the choice of images and seeds."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.special import ndtri, stdtr, stdtrit

REPLICATES = 10_000
CONFIDENCE = 0.95
POWER = 0.8
"""Share of studies like this one that would find a difference of `detectable`."""
FEWEST_IMAGES = 10
"""Below this many images an interval from resampling them means nothing."""

_CELLS = 2_000_000
"""Most images drawn at a time, so that memory does not grow with the number of images."""
_TAIL = (1 - CONFIDENCE) / 2
_CERTAIN = 1e9
"""Degrees of freedom at which Student's law is the normal one."""

Comparison = Literal["better", "worse", "not distinguishable"]
Array = NDArray[np.float64]


class Difference(BaseModel):
    """A level's mean score minus the baseline's, over the same images."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    """Difference of the two means over images and seeds."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""
    p: float
    """Two-sided p-value of no difference, by Student's t with the standard error of the resamples."""
    adjusted_p: float
    """The same, corrected for the number of comparisons in the study (Holm 1979); p where it stands alone."""
    detectable: float
    """The smallest true difference that four of five studies like this one would have told from none."""
    images: int
    """Number of images that both were scored on."""
    seeds: tuple[int, int]
    """Number of seeds of the level and of the baseline."""
    paired: bool
    """Whether seeds are compared one by one, because both have the same."""

    @property
    def comparison(self) -> Comparison:
        """The verdict: a difference counts if the interval leaves out zero and the corrected p is small."""
        if self.low <= 0 <= self.high or self.adjusted_p >= 1 - CONFIDENCE:
            return "not distinguishable"
        return "better" if self.mean > 0 else "worse"


class Interval(BaseModel):
    """A mean score over images and seeds with its 95 % interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""


def paired_bootstrap(
    level: Array, baseline: Array, *, paired: bool, replicates: int = REPLICATES, seed: int = 0
) -> Difference:
    """Resample images, the same ones for both sides, and seeds.

    A handful of seeds says little of how seeds vary, and resampling them says too little: it takes the
    variance of n seeds for (n - 1) / n of what it is, and a normal law where Student's holds. So what seeds
    deviate is drawn times sqrt(n / (n - 1)), and the percentile interval is stretched by the ratio of
    Student's quantile to the normal one, with the degrees of freedom that Satterthwaite (1946) gives the sum
    of both variances. Of a side with a single seed nothing is known but what its images tell.

    Args:
        level: scores of shape (seeds, images).
        baseline: scores of shape (its seeds, images), the images in the same order.
        paired: whether row i of both has the same seed; then seeds are drawn in pairs.
        replicates: number of resamples.
        seed: seed of the resampling; equal arguments give equal intervals.
    """
    images = level.shape[1]
    sides = (level - baseline,) if paired else (level, -baseline)
    rng = np.random.default_rng(seed)
    draws = [_draw(sides, count, rng) for count in _chunks(replicates, max(1, _CELLS // images))]
    parts = np.concatenate(draws, axis=1)
    mean = float(level.mean() - baseline.mean())
    error, freedom = _satterthwaite(parts.var(axis=1), [images, *(len(side) for side in sides)])
    quantile = float(stdtrit(freedom, 1 - _TAIL))
    stretch = quantile / ndtri(1 - _TAIL)
    low, high = (np.quantile(parts.sum(axis=0), [_TAIL, 1 - _TAIL]) - mean) * stretch + mean
    p = 2 * float(stdtr(freedom, -abs(mean) / error)) if error else float(mean == 0)
    return Difference(
        mean=mean,
        low=float(low),
        high=float(high),
        p=p,
        adjusted_p=p,
        detectable=(quantile + float(ndtri(POWER))) * error,
        images=images,
        seeds=(level.shape[0], baseline.shape[0]),
        paired=paired,
    )


def mean_interval(scores: Array) -> Interval:
    """A level's own mean over images and seeds with its interval, by the same resampling.

    Args:
        scores: of shape (seeds, images).
    """
    found = paired_bootstrap(scores, np.zeros_like(scores), paired=True)
    return Interval(mean=found.mean, low=found.low, high=found.high)


def holm(p: list[float]) -> list[float]:
    """Holm's (1979) correction: p-values such that the chance of any false finding stays below the level."""
    order = np.argsort(p, kind="stable")
    raised = np.array(p)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(value) for value in adjusted]


def _draw(sides: tuple[Array, ...], count: int, rng: np.random.Generator) -> Array:
    """Shape (1 + sides, count): the mean over drawn images, then what drawn seeds of each side add to it."""
    images = sides[0].shape[1]
    drawn = rng.integers(images, size=(count, images), dtype=np.int32)
    means = [np.stack([of_seed[drawn].mean(axis=1) for of_seed in side], axis=1) for side in sides]
    return np.stack([sum(each.mean(axis=1) for each in means), *(_seeds(each, rng) for each in means)])


def _seeds(means: Array, rng: np.random.Generator) -> Array:
    """What resampled seeds add to the mean of each replicate; means has shape (replicates, seeds)."""
    seeds = means.shape[1]
    if seeds == 1:
        return np.zeros(len(means))
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=len(means)) / seeds
    added: Array = (means * (weights - 1 / seeds)).sum(axis=1) * (seeds / (seeds - 1)) ** 0.5
    return added


def _satterthwaite(variances: Array, samples: list[int]) -> tuple[float, float]:
    """Standard error of a sum of parts with those variances, and its degrees of freedom."""
    total = float(variances.sum())
    spread = sum(
        variance**2 / (size - 1) for variance, size in zip(variances, samples, strict=True) if size > 1
    )
    return total**0.5, float(total**2 / spread) if spread else _CERTAIN


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]
