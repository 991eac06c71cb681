"""The paired bootstrap: how far a difference in scores could be chance in the choice of images and seeds."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

REPLICATES = 10_000
CONFIDENCE = 0.95
FEWEST_IMAGES = 10
"""Below this many images an interval from resampling them means nothing."""

_CELLS = 2_000_000
"""Most images drawn at a time, so that memory does not grow with the number of images."""

Comparison = Literal["better", "worse", "not distinguishable"]


class Difference(BaseModel):
    """A level's mean score minus the baseline's, over the same images."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    """Difference of the two means over images and seeds."""
    low: float
    """Lower end of the 95 % percentile interval."""
    high: float
    """Upper end."""
    images: int
    """Number of images that both were scored on."""
    seeds: tuple[int, int]
    """Number of seeds of the level and of the baseline."""

    @property
    def comparison(self) -> Comparison:
        """The verdict: a difference counts where the interval leaves out zero."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "not distinguishable"


def paired_bootstrap(
    level: NDArray[np.float64],
    baseline: NDArray[np.float64],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Difference:
    """Resample images, the same ones for both sides, and seeds, for each side its own where it has several.

    Args:
        level: scores of shape (seeds, images).
        baseline: scores of shape (its seeds, images), the images in the same order.
        replicates: number of resamples.
        seed: seed of the resampling; equal arguments give equal intervals.
    """
    images = level.shape[1]
    rng = np.random.default_rng(seed)
    draws = []
    for count in _chunks(replicates, max(1, _CELLS // images)):
        drawn = rng.integers(images, size=(count, images), dtype=np.int32)
        draws.append(_over_seeds(level, drawn, rng) - _over_seeds(baseline, drawn, rng))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(draws), [tail, 1 - tail])
    return Difference(
        mean=float(level.mean() - baseline.mean()),
        low=float(low),
        high=float(high),
        images=images,
        seeds=(level.shape[0], baseline.shape[0]),
    )


def _over_seeds(
    scores: NDArray[np.float64], drawn: NDArray[np.int32], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Mean score of each replicate, shape (replicates,), over the images drawn and over resampled seeds."""
    seeds = scores.shape[0]
    means = np.stack([of_seed[drawn].mean(axis=1) for of_seed in scores], axis=1)
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=len(drawn)) / seeds
    mean: NDArray[np.float64] = (means * weights).sum(axis=1)
    return mean


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]
