"""Figure 1: what each augmentation does to an image and its mask."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kvjob.data import at_size, augmentation, draw_seed
from kvjob.errors import DataError
from kvjob.report.figures.style import looks
from kvjob.report.figures.tiles import Block, Tile, draw_tiles
from kvjob.report.read import StudyData
from kvjob.study import Experiment

_SHARES = (0.9, 0.6)
"""Quantiles of instrument area, among the training images, of the two images shown."""


def draw_augmentations(data: StudyData, experiment: Experiment) -> Figure | None:
    """A column per level, each augmentation applied for certain; None if the data set is not in the store."""
    try:
        pairs = _examples(data)
    except DataError:
        return None
    look = looks(data, experiment)
    levels = [(look[level.name].label, level.changes["augmentation"]) for level in experiment.levels]
    with _without_torch():
        drawn_by = {chosen: augmentation(chosen) for _, chosen in levels}
    rows: list[tuple[str, tuple[Tile, ...]]] = []
    for number, (name, image, mask) in enumerate(pairs):
        seed = draw_seed(0, 0, number)
        shown = [drawn_by[chosen](image, mask, seed, certain=True) for _, chosen in levels]
        rows.append((name, tuple(Tile(picture) for picture, _ in shown)))
        rows.append(("mask", tuple(Tile(np.asarray(drawn * np.uint8(255), np.uint8)) for _, drawn in shown)))
    return draw_tiles([Block(tuple(label for label, _ in levels), tuple(rows))])


@contextmanager
def _without_torch() -> Iterator[None]:
    """Let albumentations be imported as if there were no torch: it is not needed here and takes seconds."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        yield
    finally:
        del sys.modules["torch"]


def _examples(data: StudyData) -> list[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Name, image and mask of the training images shown, as the baseline's network sees them."""
    config = data.plan.runs[0].config
    pack = data.packs.of(config)
    shares = np.array([pack.manifest.mask_shares[position] for position in pack.manifest.train])
    order = [pack.manifest.train[i] for i in np.argsort(shares, kind="stable")]
    chosen = dict.fromkeys(order[round(share * (len(order) - 1))] for share in _SHARES)
    return [
        (
            pack.manifest.names[position],
            at_size(np.array(pack.images[position : position + 1]), config.input_size)[0],
            np.array(pack.masks[position]),
        )
        for position in chosen
    ]
