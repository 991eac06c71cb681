"""Which images train, which validate, which test: pure functions of a data set's manifest.

No seed takes part: all runs of a data set share validation and test images, so that their scores can be
compared image by image.
"""

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kvjob.data.manifest import DatasetManifest
from kvjob.errors import ConfigurationError
from kvjob.study.config import Protocol

VALIDATION_SHARE = Fraction(72, 472)
"""Of the official training set; leaves 400 of Kvasir-Instrument's 472 images to train on."""
FEWEST = 2
"""Images to train on: BatchNorm has no variance over one."""
STRATUM = 8
"""Images of similar mask area among which chance, not area, decides."""

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Positions in the manifest's names, each ascending."""

    train: Positions
    validation: Positions
    test: Positions


def split(manifest: DatasetManifest, protocol: Protocol, train_fraction: float = 1.0) -> Split:
    """Divide a data set.

    Args:
        manifest: of the data set.
        protocol: `held-out` carves validation from the official training set, stratified by mask area;
            `test-steered` trains on all of it and validates on the test set.
        train_fraction: share of the training part to use, rounded to the nearest number of images. Each
            share is a subset of every larger one and has about the same mask areas.

    Raises:
        ConfigurationError: too few images are left to train or to validate.
    """
    official = stratified(manifest, manifest.train)
    held_out = _validation_count(len(official)) if protocol == "held-out" else 0
    training = stratified(manifest, official[held_out:])
    train = _ascending(training[: _train_count(len(training), train_fraction)])
    test = _ascending(manifest.test)
    return Split(train, _ascending(official[:held_out]) if held_out else test, test)


def stratified(manifest: DatasetManifest, positions: tuple[int, ...]) -> tuple[int, ...]:
    """Order positions so that any first part of them has about the same mask areas as the whole.

    Sorted by area and shuffled by name within strata of neighbours, they are taken in bit-reversed order:
    first the middle, then the quarters, then the eighths, and so on.
    """
    chance = {position: hashlib.sha256(manifest.names[position].encode()).digest() for position in positions}
    by_area = sorted(positions, key=lambda position: (manifest.mask_shares[position], chance[position]))
    strata = [
        sorted(by_area[start : start + STRATUM], key=chance.__getitem__)
        for start in range(0, len(by_area), STRATUM)
    ]
    shuffled = [position for stratum in strata for position in stratum]
    bits = max(1, (len(shuffled) - 1).bit_length())
    turns = (int(f"{turn:0{bits}b}"[::-1], 2) for turn in (*range(1, 2**bits), 0))
    return tuple(shuffled[turn] for turn in turns if turn < len(shuffled))


def _validation_count(images: int) -> int:
    if images <= FEWEST:
        raise ConfigurationError(
            f"held-out: too few of the {images} training images would be left for training and validation",
            where="protocol",
            fix=f"Use a data set with at least {FEWEST + 1} training images, or protocol test-steered",
        )
    return max(1, _nearest(images * VALIDATION_SHARE))


def _train_count(images: int, fraction: float) -> int:
    count = _nearest(images * Fraction(repr(fraction)))  # 0.075 as it was written, not its nearest binary
    if count >= FEWEST:
        return count
    smallest = math.ceil((FEWEST - 0.5) / images * 1e4) / 1e4 if images else math.inf
    fix = (
        f"The smallest fraction that works here is {smallest:g}" if smallest <= 1 else "Use a larger data set"
    )
    raise ConfigurationError(
        f"{fraction:g} of {images} training images is {count}, but BatchNorm needs at least {FEWEST}",
        where="train_fraction",
        fix=fix,
    )


def _nearest(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))


def _ascending(positions: tuple[int, ...]) -> Positions:
    return np.sort(np.asarray(positions, np.int64))
