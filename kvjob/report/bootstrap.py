"""The paired bootstrap: how far a difference in scores could be chance in the choice of images and seeds."""

from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kvjob.report.uncertainty import Uncertainty

REPLICATES = 10_000
ALPHA = 0.05
"""Chance of any false finding in a study, and of an interval that misses the truth."""
POWER = 0.8
"""Share of studies like this one that would find a difference of `detectable`."""
FEWEST_IMAGES = 10
"""Below this many images an interval from resampling them means nothing."""

_CELLS = 2_000_000
"""Most images drawn at a time, so that memory does not grow with the number of images."""

Comparison = Literal["better", "worse", "not distinguishable"]
Array = NDArray[np.float64]


class Difference(BaseModel):
    """A level's mean score minus the baseline's, over the same images. Scores and differences from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    """Difference of the two means over images and seeds."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""
    p: float
    """Two-sided p-value of no difference (Cochran 1964, with the standard errors of the resamples)."""
    adjusted_p: float
    """The same, corrected for the number of comparisons (Holm 1979); p where it stands alone."""
    comparisons: int
    """Number of comparisons in the study that `adjusted_p` and `detectable` allow for."""
    detectable: float
    """The smallest true difference that four of five studies like this one would tell from none, after the
    correction and even if no other level differs."""
    images_error: float
    """Standard error of `mean` from the choice of test images."""
    seeds_error: float
    """Standard error of `mean` from the luck of seeds; 0 with single seeds, whose luck is not known."""
    images: int
    """Number of images that both were scored on."""
    seeds: tuple[int, int]
    """Number of seeds of the level and of the baseline."""
    paired: bool
    """Whether seeds are compared one by one, because both have the same."""

    @property
    def comparison(self) -> Comparison:
        """The verdict: a difference counts if the interval leaves out zero and the corrected p is small."""
        if self.low <= 0 <= self.high or self.adjusted_p >= ALPHA:
            return "not distinguishable"
        return "better" if self.mean > 0 else "worse"

    def corrected(self, adjusted_p: float, comparisons: int) -> "Difference":
        """The same as one of several comparisons."""
        alpha = ALPHA / comparisons
        changes = {
            "adjusted_p": adjusted_p,
            "comparisons": comparisons,
            "detectable": self._uncertainty().detectable(alpha, POWER),
        }
        return self.model_copy(update=changes)

    def _uncertainty(self) -> Uncertainty:
        return _uncertainty(self.images_error**2, self.seeds_error**2, self.images, self.seeds)


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

    Seeds and images are crossed: every seed is scored on every image. What a replicate deviates from the mean
    is the deviation of drawn images (means over seeds) plus that of drawn seeds (means over images). Each is
    scaled so that its variance is the unbiased one: resampling n of n takes the variance for (n - 1) / n of
    what it is, and the means of images over seeds also vary with the luck of each seed at each image, which
    the means of seeds hold already (Hillis 2007; drawn twice, it widens intervals for nothing: Owen 2007).

    A handful of seeds has no normal law and hardly a quantile, so each side of the interval is at least as
    long as Cochran's (1964) critical value makes it, and longer where the replicates lean that way.

    Args:
        level: scores of shape (seeds, images), 0 to 1.
        baseline: scores of shape (its seeds, images), the images in the same order.
        paired: whether row i of both has the same seed; then seeds are drawn in pairs.
        replicates: number of resamples.
        seed: seed of the resampling; equal arguments give equal intervals.
    """
    sides = (level - baseline,) if paired else (level, -baseline)
    images, seeds = level.shape[1], (level.shape[0], baseline.shape[0])
    rng = np.random.default_rng(seed)
    of_images = _resampled_images(sides, replicates, rng)
    of_seeds = np.sum([_resampled_seeds(side.mean(axis=1), replicates, rng) for side in sides], axis=0)
    mean = float(sum(side.mean() for side in sides))
    variances = float(of_images.var()), float(of_seeds.var())
    uncertainty = _uncertainty(*variances, images, seeds)
    p = uncertainty.p(mean)
    below, above = _arms(of_images + of_seeds, uncertainty)
    return Difference(
        mean=mean,
        low=mean - below,
        high=mean + above,
        p=p,
        adjusted_p=p,
        comparisons=1,
        detectable=uncertainty.detectable(ALPHA, POWER),
        images_error=sqrt(variances[0]),
        seeds_error=sqrt(variances[1]),
        images=images,
        seeds=seeds,
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


def _resampled_images(sides: tuple[Array, ...], replicates: int, rng: np.random.Generator) -> Array:
    """Deviations of the mean over drawn images, shape (replicates,)."""
    means = np.sum([side.mean(axis=0) for side in sides], axis=0)
    deviations = means - means.mean()
    images = len(means)
    resampled = float(deviations.var()) / images
    unbiased = float(deviations.var(ddof=1)) / images - sum(map(_interaction, sides))
    drawn: Array = np.concatenate(
        [
            deviations[rng.integers(images, size=(count, images), dtype=np.int32)].mean(axis=1)
            for count in _chunks(replicates, max(1, _CELLS // images))
        ]
    )
    scale = sqrt(max(unbiased, 0.0) / resampled) if resampled else 0.0
    return drawn * scale


def _interaction(scores: Array) -> float:
    """Variance of the mean of (seeds, images) scores by what neither the seed nor the image explains."""
    seeds, images = scores.shape
    if seeds == 1:
        return 0.0
    rest: Array = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    variance: float = np.square(rest).sum() / ((seeds - 1) * (images - 1) * scores.size)
    return float(variance)


def _resampled_seeds(means: Array, replicates: int, rng: np.random.Generator) -> Array:
    """Deviations of the mean over drawn seeds, shape (replicates,); means has shape (seeds,)."""
    seeds = len(means)
    if seeds == 1:
        return np.zeros(replicates)
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=replicates) / seeds
    deviations = (means - means.mean()) * sqrt(seeds / (seeds - 1))
    drawn: Array = weights @ deviations
    return drawn


def _arms(deviations: Array, uncertainty: Uncertainty) -> tuple[float, float]:
    """Lengths of the interval below and above the mean."""
    if not uncertainty.error:
        return 0.0, 0.0
    student = uncertainty.critical(ALPHA) * uncertainty.error
    below, above = np.abs(np.quantile(deviations, [ALPHA / 2, 1 - ALPHA / 2]))
    lean = 2 / (below + above) if below + above else 1.0
    return student * max(1.0, float(below) * lean), student * max(1.0, float(above) * lean)


def _uncertainty(
    images_variance: float, seeds_variance: float, images: int, seeds: tuple[int, int]
) -> Uncertainty:
    """Of sides with different numbers of seeds, the smaller sample limits what is known of their luck."""
    several = [count for count in seeds if count > 1]
    return Uncertainty(images_variance, images - 1, seeds_variance, min(several, default=1) - 1)


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]
