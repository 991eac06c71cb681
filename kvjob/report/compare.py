"""A level against the baseline: whether there is a difference to be seen, and of how much."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from kvjob.report.bootstrap import FEWEST_IMAGES, Comparison, Difference, holm, paired_bootstrap
from kvjob.report.read import Run
from kvjob.study.scores import SCORES, score_each

Verdict = Literal[Comparison, "baseline", "no baseline", "too few images", "no result"]
"""`no baseline`: the level has a result and the baseline none; `no result`: the level itself has none."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing a level with the baseline gave."""

    verdict: Verdict
    """By IoU."""
    iou: Difference | None = None
    dice: Difference | None = None
    notes: tuple[str, ...] = ()
    """Why there is no difference to tell, where the verdict alone does not say it."""


def compare(runs: Sequence[Run], against: Sequence[Run] | None) -> Compared:
    """Compare mean scores over images.

    Args:
        runs: of the level, one per seed.
        against: of the baseline; None if the level is the baseline.
    """
    if not any(run.standing == "finished" for run in runs):
        return Compared("no result")
    if against is None:
        return Compared("baseline")
    ours, theirs = _scored(runs), _scored(against)
    if not ours:
        return Compared(
            "no result", notes=("scores.csv is missing, so there is nothing to compare image by image",)
        )
    if not theirs:
        return Compared("no baseline")
    names = [set(run.counts.index) for run in (*ours, *theirs) if run.counts is not None]
    images = sorted(set.intersection(*names))
    if len(images) < FEWEST_IMAGES:
        words = f"{len(images)} test images in common; at least {FEWEST_IMAGES} needed"
        return Compared("too few images", notes=(words,))
    paired = [run.seed for run in ours] == [run.seed for run in theirs]
    level, baseline = _scores(ours, images), _scores(theirs, images)
    iou, dice = (paired_bootstrap(level[score], baseline[score], paired=paired) for score in ("iou", "dice"))
    return Compared(iou.comparison, iou, dice)


def scores_by_image(runs: Sequence[Run]) -> dict[str, NDArray[np.float64]]:
    """By score an array of shape (finished runs, images they have in common); empty if none has finished."""
    done = _scored(runs)
    names = [set(run.counts.index) for run in done if run.counts is not None]
    return _scores(done, sorted(set.intersection(*names))) if names else {}


def corrected(found: dict[K, Compared]) -> dict[K, Compared]:
    """The same with p-values, and so verdicts, corrected for the number of levels that were compared."""
    told = {key: each for key, each in found.items() if each.iou and each.dice}
    iou = _adjusted([each.iou for each in told.values() if each.iou])
    dice = _adjusted([each.dice for each in told.values() if each.dice])
    for key, of_iou, of_dice in zip(told, iou, dice, strict=True):
        told[key] = replace(told[key], verdict=of_iou.comparison, iou=of_iou, dice=of_dice)
    return found | told


def _adjusted(differences: list[Difference]) -> list[Difference]:
    adjusted = holm([each.p for each in differences])
    return [each.corrected(p, len(adjusted)) for each, p in zip(differences, adjusted, strict=True)]


def _scored(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.standing == "finished" and run.counts is not None]


def _scores(runs: Sequence[Run], images: list[str]) -> dict[str, NDArray[np.float64]]:
    """By score an array of shape (runs, images): that of each image."""
    frames = [run.counts.loc[images] for run in runs if run.counts is not None]
    found = [score_each(frame.to_numpy()) for frame in frames]
    return {score: np.stack([each[score] for each in found]) for score in SCORES}
