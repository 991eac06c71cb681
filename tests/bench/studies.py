"""Simulated studies whose truth is known: scores of a baseline and of levels, by seed and test image."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LOGIT, _LOGIT_SPREAD, _LOGIT_REST = 2.2, 1.0, 0.45
"""IoU as a logit: mean and standard deviation over images, and what a seed changes at an image. The mean IoU
is 0.85, and most images are above it."""
_HARD, _MISSED = 0.06, 0.1
"""Share of images that a network misses half the time, and the factor that this leaves of their IoU."""
_HELP = 0.4
"""Shift of the logits by a level that helps; it also never misses four of five images that others miss."""
_IMAGES_FOR_TRUTH = 4_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What a study is like. Standard deviations are of single runs."""

    seeds: int
    images: int
    of_seeds: float
    """Of a run's mean score by the luck of its seed: of scores from 0 to 1, of logits if skewed."""
    of_images: float = 0.05
    """Of what a level changes at an image, whatever the seed."""
    of_rest: float = 0.035
    """Of what a seed changes at an image."""
    skewed: bool = False
    """Scores like real IoUs: most near 0.9, a long tail below, a few images missed; else normal."""
    helps: bool = False
    """Skewed only: levels are better, mostly at the few images that the baseline misses."""
    baseline_seeds: int | None = None
    """As many as the level, and paired, unless given."""

    @property
    def paired(self) -> bool:
        """Whether both sides have the same seeds."""
        return self.baseline_seeds is None


def simulate(shape: Shape, levels: int, effect: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Scores of the baseline (seeds, images) and of levels (levels, seeds, images), better by effect."""
    draw = _skewed if shape.skewed else _normal
    return draw(shape, levels, effect, rng)


def truth(shape: Shape, rng: np.random.Generator) -> float:
    """The mean difference of a level with effect 0: of four million images with a seed each if it helps."""
    if not shape.helps:
        return 0.0
    part = 100_000
    many = replace(shape, seeds=1, images=part, of_seeds=0.0, baseline_seeds=None)
    found = []
    for _ in range(_IMAGES_FOR_TRUTH // part):
        baseline, levels = simulate(many, 1, 0, rng)
        found.append(float(levels.mean() - baseline.mean()))
    return float(np.mean(found))


def _normal(shape: Shape, levels: int, effect: float, rng: np.random.Generator) -> tuple[Array, Array]:
    def runs(scores: Array, seeds: int) -> Array:
        luck = rng.normal(0, shape.of_seeds, (len(scores), seeds, 1))
        return scores[:, None] + luck + rng.normal(0, shape.of_rest, (len(scores), seeds, shape.images))

    hardness = rng.normal(0.8, 0.15, (1, shape.images))
    changed = hardness + effect + rng.normal(0, shape.of_images, (levels, shape.images))
    return runs(hardness, shape.baseline_seeds or shape.seeds)[0], runs(changed, shape.seeds)


def _skewed(shape: Shape, levels: int, effect: float, rng: np.random.Generator) -> tuple[Array, Array]:
    def runs(count: int, seeds: int, shift: float, often: float) -> Array:
        size = (count, seeds, shape.images)
        luck = rng.normal(0, shape.of_seeds, (count, seeds, 1))
        scores = 1 / (1 + np.exp(-(logits + shift + luck + rng.normal(0, _LOGIT_REST, size))))
        missed = hard & (rng.random(size) < often)
        return np.where(missed, scores * _MISSED, scores) + effect

    logits = rng.normal(_LOGIT, _LOGIT_SPREAD, shape.images)
    hard = rng.random(shape.images) < _HARD
    baseline = runs(1, shape.baseline_seeds or shape.seeds, 0.0, 0.5)[0] - effect
    return baseline, runs(levels, shape.seeds, _HELP if shape.helps else 0.0, 0.1 if shape.helps else 0.5)
