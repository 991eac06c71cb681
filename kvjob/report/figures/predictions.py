"""Predictions on the same test images: by level (Figure 8), and on augmented images (Figure 10)."""

import numpy as np
from matplotlib.figure import Figure

from kvjob.errors import DataError
from kvjob.records.run import Sample
from kvjob.report.figures.overlay import KEY, overlay, predict
from kvjob.report.figures.style import looks
from kvjob.report.figures.tiles import Block, Tile, draw_tiles
from kvjob.report.read import Run, StudyData
from kvjob.study import Experiment, Level
from kvjob.study.scores import score_each

_MOST_LEVELS, _MOST_ROWS = 6, 4
"""Columns of levels and rows of images in one block."""


def shown_run(data: StudyData, experiment: Experiment, level: Level) -> Run | None:
    """The run whose predictions stand for a level: its first seed that has left samples."""
    return next((run for run in data.runs_of(experiment, level) if run.samples), None)


def draw_predictions(data: StudyData, experiment: Experiment) -> Figure | None:
    """Image, mask and one overlay per level; None if no run of the experiment has samples."""
    runs = {level.name: shown_run(data, experiment, level) for level in experiment.levels}
    first = _reference(data, experiment)
    if first is None:
        return None
    look, levels = looks(data, experiment), list(runs)
    blocks = []
    for start in range(0, len(levels), _MOST_LEVELS):
        names = levels[start : start + _MOST_LEVELS]
        rows = []
        for sample in first.samples[:_MOST_ROWS]:
            originals = _picture(data, first, sample.image), _picture(data, first, sample.mask)
            tiles = (_overlay(data, experiment, name, runs[name], sample.name) for name in names)
            rows.append((sample.name, (*originals, *tiles)))
        blocks.append(Block(("Image", "Mask", *(look[name].label for name in names)), tuple(rows)))
    return draw_tiles(blocks, KEY)


def draw_augmented(data: StudyData, experiment: Experiment) -> Figure | None:
    """One row per augmentation: the image after it, its mask, the prediction, the overlay."""
    look = looks(data, experiment)
    rows = [(look[level.name].label, _augmented_row(data, experiment, level)) for level in experiment.levels]
    if all(row[0].picture is None for _, row in rows):
        return None
    heads = ("Augmented image", "Mask", "Prediction", "Overlay")
    return draw_tiles([Block(heads, tuple(rows))], KEY, upright=True)


def _augmented_row(data: StudyData, experiment: Experiment, level: Level) -> tuple[Tile, ...]:
    run = shown_run(data, experiment, level)
    if run is None:
        return (Tile(None, _absence(data, experiment, level.name)),) * 4
    sample = run.samples[len(run.samples) // 2]
    try:
        image, mask, probability = (data.picture(run, name) for name in _augmented(sample))
    except DataError:
        return (Tile(None, "unreadable"),) * 4
    predicted = np.where(predict(probability), np.uint8(255), np.uint8(0))
    return tuple(map(Tile, (image, mask, predicted, overlay(image, mask, probability))))


def _reference(data: StudyData, experiment: Experiment) -> Run | None:
    """Whose image and mask are shown: the baseline's, which no level has changed, else the first there is."""
    baseline_first = sorted(experiment.levels, key=lambda level: not data.is_baseline(experiment, level))
    return next((run for level in baseline_first if (run := shown_run(data, experiment, level))), None)


def _overlay(data: StudyData, experiment: Experiment, level: str, run: Run | None, image: str) -> Tile:
    sample = next((sample for sample in run.samples if sample.name == image), None) if run else None
    if run is None or sample is None:
        return Tile(None, _absence(data, experiment, level))
    try:
        pictures = [data.picture(run, name) for name in (sample.image, sample.mask, sample.probability)]
    except DataError:
        return Tile(None, "unreadable")
    return Tile(overlay(*pictures), _iou(run, image))


def _picture(data: StudyData, run: Run, name: str) -> Tile:
    try:
        return Tile(data.picture(run, name))
    except DataError:
        return Tile(None, "unreadable")


def _iou(run: Run, image: str) -> str:
    if run.counts is None or image not in run.counts.index:
        return ""
    return f"IoU {score_each(run.counts.loc[[image]].to_numpy())['iou'][0]:.2f}"


def _absence(data: StudyData, experiment: Experiment, level: str) -> str:
    chosen = next(item for item in experiment.levels if item.name == level)
    return "\n".join(sorted({run.standing for run in data.runs_of(experiment, chosen)}))


def _augmented(sample: Sample) -> tuple[str, str, str]:
    return (
        sample.augmented_image or sample.image,
        sample.augmented_mask or sample.mask,
        sample.augmented_probability or sample.probability,
    )
