"""Test images chosen by rule: where a level does best, as usual and worst, and where levels disagree most."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kvjob.data import at_size
from kvjob.errors import DataError
from kvjob.report.figures.overlay import overlay
from kvjob.report.figures.style import Look, looks
from kvjob.report.read import Run, StudyData
from kvjob.study import Experiment
from kvjob.study.config import TrainConfig
from kvjob.study.scores import score_each

PLACES = ("best", "median", "worst")
MOST_LEVELS = 6
"""Levels shown: of more, the baseline and those whose mean IoU is farthest from it."""
DISPUTED = 3
"""Images shown on which levels disagree."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A level, by the run that stands for it: its first seed that has finished and kept its predictions."""

    look: Look
    run: Run
    iou: "pd.Series[float]"
    """Of every test image, by name."""
    masks: NDArray[np.bool_]
    """What the run predicted, shape (n, side, side), in the order of `iou`."""

    @property
    def mean(self) -> float:
        """Mean IoU over the test images."""
        return float(self.iou.mean())


@dataclass(frozen=True, slots=True)
class Case:
    """One test image as one level saw it: RGB and grey pictures of the baseline's input size."""

    name: str
    iou: float
    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    """0 or 255."""
    prediction: NDArray[np.uint8]
    """0 or 255."""

    @property
    def overlay(self) -> NDArray[np.uint8]:
        """The image, tinted where the prediction is right and where it is wrong."""
        return overlay(self.image, self.mask, self.prediction)


@dataclass(frozen=True, slots=True)
class Gallery:
    """What can be shown of an experiment."""

    levels: tuple[Shown, ...]
    """In their order; none if no run has kept its predictions or the images are not in the store."""
    left_out: int
    """Levels with results that are not shown, because there are too many."""
    truth: "Truth | None"

    def case(self, shown: Shown, name: str) -> Case:
        """One image of one level.

        Raises:
            DataError: the data set has no such image, or what was kept is not what was scored.
        """
        counts = shown.run.counts
        if self.truth is None or name not in self.truth or counts is None:
            raise DataError("not in the data set", where=name, fix="Pack the data set again")
        predicted = shown.masks[counts.index.to_list().index(name)]
        if predicted.sum() != counts.loc[name, ["tp", "fp"]].sum():
            raise DataError("not what was scored", where=shown.run.key, fix="Train the run again")
        image, mask = self.truth[name]
        if predicted.shape != mask.shape:
            size = mask.shape[1], mask.shape[0]
            predicted = cv2.resize(predicted.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        return Case(name, float(shown.iou[name]), image, _white(mask), _white(predicted))


def gallery(data: StudyData, experiment: Experiment) -> Gallery:
    """The levels that can be shown, MOST_LEVELS at most."""
    truth = _truth(data, experiment)
    if truth is None:
        return Gallery((), 0, None)
    look, could = looks(data, experiment), _candidates(data, experiment)
    base = [level.name for level in experiment.levels if data.is_baseline(experiment, level)]
    means = {name: float(ious[0][1].mean()) for name, ious in could.items()}
    middle = next((means[name] for name in base if name in means), 0.0)
    found: dict[str, Shown] = {}
    for name in sorted(could, key=lambda name: (name not in base, -abs(means[name] - middle), name)):
        if len(found) == MOST_LEVELS:
            break
        if shown := _shown(data, look[name], could[name]):
            found[name] = shown
    levels = tuple(found[name] for name in could if name in found)
    left_out = len(could) - len(levels) if len(levels) == MOST_LEVELS else 0
    return Gallery(levels, left_out, truth)


def typical(shown: Shown) -> list[str]:
    """The names of the images with the highest, the median and the lowest IoU, in the order of PLACES.

    Images of equal IoU are put in the order of their names; of two in the middle, the lower is the median.
    """
    order = _ordered(shown.iou)
    return [order[-1], order[(len(order) - 1) // 2], order[0]]


def disputed(levels: Sequence[Shown]) -> list[str]:
    """The DISPUTED images on which the levels' IoU differ most: highest minus lowest, then by name."""
    table = pd.concat([shown.iou for shown in levels], axis=1, join="inner")
    spread = table.max(axis=1) - table.min(axis=1)
    return _ordered(-spread)[:DISPUTED]


def _candidates(data: StudyData, experiment: Experiment) -> dict[str, list[tuple[Run, "pd.Series[float]"]]]:
    """IoU of every test image by each run that may stand for a level, by level: finished and scored."""
    found = {}
    for level in experiment.levels:
        ious = [
            (run, pd.Series(score_each(run.counts.to_numpy())["iou"], index=run.counts.index))
            for run in data.runs_of(experiment, level)
            if run.standing == "finished" and run.counts is not None and _sound(run.counts)
        ]
        if ious:
            found[level.name] = ious
    return found


def _shown(data: StudyData, look: Look, ious: Sequence[tuple[Run, "pd.Series[float]"]]) -> Shown | None:
    for run, iou in ious:
        try:
            return Shown(look, run, iou, data.predictions(run))
        except DataError:
            continue
    return None


def _sound(counts: pd.DataFrame) -> bool:
    """Whether there are images, and each has a name of its own."""
    return not counts.empty and counts.index.is_unique


class Truth:
    """Image and mask of every test image, as the baseline's network sees them."""

    def __init__(self, data: StudyData, config: TrainConfig) -> None:
        self._pack, self._size = data.packs.of(config), config.input_size
        names = self._pack.manifest.names
        self._positions = {names[position]: position for position in self._pack.manifest.test}

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def __getitem__(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        position = self._positions[name]
        image = at_size(np.array(self._pack.images[position : position + 1]), self._size)[0]
        return image, np.array(self._pack.masks[position])


def _truth(data: StudyData, experiment: Experiment) -> Truth | None:
    try:
        return Truth(data, shown_config(data, experiment))
    except DataError:
        return None


def shown_config(data: StudyData, experiment: Experiment) -> TrainConfig:
    """The configuration whose sizes the images have: the baseline's, else the first level's."""
    levels = sorted(experiment.levels, key=lambda level: not data.is_baseline(experiment, level))
    return next(run.planned.config for level in levels for run in data.runs_of(experiment, level))


def _ordered(values: "pd.Series[float]") -> list[str]:
    """Names by value, then by name."""
    return sorted(values.index, key=lambda name: (values[name], name))


def _white(mask: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.where(mask, np.uint8(255), np.uint8(0))
