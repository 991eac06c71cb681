"""Sample predictions: the same test images in every run of a data set."""

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

from kvjob.data import augmentation, draw_seed
from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.run import Sample, SampleIndex
from kvjob.store import Store
from kvjob.study.config import TrainConfig
from kvjob.train.epoch import Passes

SAMPLES = 4
"""Test images shown, spread evenly over mask area."""


def choose(names: list[str], areas: NDArray[np.float64]) -> list[int]:
    """Positions of the test images to show: from small instruments to large, equal areas by name."""
    order = sorted(range(len(names)), key=lambda position: (float(areas[position]), names[position]))
    if len(order) <= SAMPLES:
        return order
    inner = np.linspace(0, len(order) - 1, SAMPLES + 2)[1:-1]
    return [order[round(float(place))] for place in inner]


def write_samples(
    store: Store,
    key: str,
    config: TrainConfig,
    network: nn.Module,
    passes: Passes,
    named: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> SampleIndex:
    """Predict the named images (pixels and mask of 0 and 1) and put the pictures into the store.

    Their names carry a checksum, so that another trainer of the run writes the same or others.

    Returns:
        The index of them, which is to be written.
    """
    samples = []
    for number, (name, (image, mask)) in enumerate(named.items()):
        pictures = {"image": image, "mask": mask * np.uint8(255)}
        if config.augmentation != "none":
            seed = draw_seed(config.seed, 0, number)
            shown, shown_mask = augmentation(config.augmentation)(image, mask, seed, certain=True)
            pictures |= {"augmented_image": shown, "augmented_mask": shown_mask * np.uint8(255)}
        for prefix in ("", "augmented_") if config.augmentation != "none" else ("",):
            pixels = np.ascontiguousarray(pictures[f"{prefix}image"])[None]
            probability = passes.probabilities(network, pixels)[0]
            pictures[f"{prefix}probability"] = np.round(probability * 255).astype(np.uint8)
        files = {}
        for what, picture in pictures.items():
            data = _png(picture)
            sha8 = hashlib.sha256(data).hexdigest()[:8]
            files[what] = f"{number}-{what.replace('_', '-')}-{sha8}.png"
            store.write(layout.sample(key, files[what]), data)
        samples.append(Sample(name=name, **files))
    return SampleIndex(samples=tuple(samples))


def _png(picture: NDArray[np.uint8]) -> bytes:
    ok, data = cv2.imencode(".png", picture[..., ::-1] if picture.ndim == 3 else picture)
    if not ok:
        raise DataError("a sample cannot be written as PNG", where="samples", fix="Report this as a defect")
    return data.tobytes()
