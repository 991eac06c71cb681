"""Masks of new images from a trained run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from kvjob.data.blob import FileBlob
from kvjob.data.damage import damage
from kvjob.data.image import at_size, decode, to_square
from kvjob.errors import ConfigurationError, DataError
from kvjob.model import Normalise, skeleton
from kvjob.records import layout
from kvjob.records.checkpoint import MODEL
from kvjob.records.document import read_document
from kvjob.records.run import Result, RunRecord
from kvjob.store import KeyMissing, Store
from kvjob.study.scores import THRESHOLD
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.device import prepare_device
from kvjob.train.snapshot import load_model

BEST = "best"
"""Stands for the run with the highest validation IoU (mean over images) in the store."""

INSTRUMENT = np.array([255, 196, 0], dtype=np.float32)
"""RGB colour of the overlay."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was found in one image."""

    image: Path
    mask: Path
    """8-bit PNG of the image's own size, 255 where instrument is predicted, else 0."""
    overlay: Path
    """The image with the predicted instrument coloured, PNG."""
    share: float
    """Share of the image that is predicted to be instrument, 0 to 1."""


def predict_images(store: Store, run: str, images: list[Path], out: Path) -> Iterator[Prediction]:
    """Segment images with the best epoch's weights of a run.

    Raises:
        ConfigurationError: the store has no such run, it has no weights yet, or two images share a name.
        DataError: an image or the weights cannot be read.
    """
    key = _best_run(store) if run == BEST else run
    record, result = _finished(store, key)
    names = [image.stem for image in images]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(
            f"two images are named {twice!r}", where="IMAGE", fix="Predict them into two folders"
        )
    device = prepare_device(record.config)
    network = skeleton(record.config)
    load_model(network, Checkpoints(store, key).best(result.best_epoch).files[MODEL])
    network.to(device).to(memory_format=torch.channels_last).eval()
    normalise = Normalise(device)
    _make(out)
    for image in images:
        pixels = _read(image)
        small = to_square(pixels, record.config.resolution)[None]
        inputs = at_size(small, record.config.input_size)
        with torch.inference_mode():
            logits = network(normalise(torch.from_numpy(inputs).to(device)))
        probability = logits.float().sigmoid()[0, 0].cpu().numpy()
        yield _write(image, pixels, probability, out)


def _read(image: Path) -> NDArray[np.uint8]:
    try:
        data = FileBlob(image.name, image).read()
    except (DataError, ValueError) as error:  # ValueError: of a name with a NUL byte
        reason = error.what if isinstance(error, DataError) else "cannot be read"
        raise DataError(reason, where=str(image), fix="Name a JPEG or PNG file") from None
    # before it is decoded: a file of a few bytes may claim to be larger than memory
    wrong = damage(data)
    pixels = None if wrong else decode(data)
    if pixels is None:
        raise DataError(wrong or "cannot be decoded", where=str(image), fix="Name a JPEG or PNG file")
    return pixels


def _write(image: Path, pixels: NDArray[np.uint8], probability: NDArray[np.float32], out: Path) -> Prediction:
    height, width = pixels.shape[:2]
    found = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR) >= THRESHOLD
    overlay = pixels.copy()
    overlay[found] = (0.5 * pixels[found] + 0.5 * INSTRUMENT).astype(np.uint8)
    mask_path, overlay_path = out / f"{image.stem}-mask.png", out / f"{image.stem}-overlay.png"
    pictures = {mask_path: found.astype(np.uint8) * 255, overlay_path: overlay[..., ::-1]}
    for path, picture in pictures.items():
        if not cv2.imwrite(str(path), picture):
            raise ConfigurationError("cannot be written", where=str(path), fix="Choose another --out")
    return Prediction(image, mask_path, overlay_path, float(found.mean()))


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "cannot be made").lower()
        raise ConfigurationError(
            reason, where=f"--out {out}", fix="Choose a folder that can be made"
        ) from None


def _best_run(store: Store) -> str:
    keys = [
        entry.key.split("/")[1] for entry in store.list(layout.RUNS) if entry.key.endswith("/result.json")
    ]
    results = [read_document(store, layout.run(key, "result.json"), Result) for key in keys]
    scored = [(result.validation.mean_over_images.iou, result.key) for result in results if result.validation]
    if not scored:
        raise ConfigurationError(
            "no run of this store is finished", where=store.url, fix="Train one with `kvjob run`"
        )
    return max(scored)[1]


def _finished(store: Store, key: str) -> tuple[RunRecord, Result]:
    try:
        record = read_document(store, layout.run(key, "config.json"), RunRecord)
        result = read_document(store, layout.run(key, "result.json"), Result)
    except KeyMissing:
        raise ConfigurationError(
            f"run {key!r} is not finished, or not in this store",
            where="--run",
            fix="Give the key of a finished run (`kvjob plan` lists them), or best",
        ) from None
    if result.best_epoch == 0:
        raise DataError(
            f"run {key!r} diverged before its first epoch and has no weights",
            where=f"{store.url}/{layout.run(key)}",
            fix="Choose another run",
        )
    return record, result
