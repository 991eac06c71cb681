"""How far an exported model agrees with the trainer, on the whole test set."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kvjob.data import Pack
from kvjob.errors import DataError
from kvjob.inference.choose import TrainedRun
from kvjob.inference.record import Agreement
from kvjob.inference.segment import ExportedModel
from kvjob.study.scores import THRESHOLD, mean_over_images, score_each

EXACT = 1e-4
"""Share of pixels that may be counted otherwise if the run was scored in float32 on a CPU: other CPUs and
runtimes add in another order. Seen so far: none with TorchScript on the CPU that trained, none with ONNX."""

ROUNDED = 5e-3
"""The same if it was scored on a GPU or in bfloat16, whose products keep three significant digits or so;
bfloat16 alone was seen to move 0.0007 of the pixels."""


def tolerance(run: TrainedRun) -> float:
    """Share of pixels that an export of run may count otherwise."""
    on_gpu = run.environment is None or bool(run.environment.cuda)
    return ROUNDED if on_gpu or run.record.config.precision != "float32" else EXACT


def agreement(counts: NDArray[np.int64], trained: NDArray[np.int64], allowed: float) -> Agreement:
    """Compare counts, columns TP, FP, FN, TN, a row per test image, with the trainer's."""
    otherwise = np.abs(counts - trained)
    ious = [score_each(each)["iou"] for each in (counts, trained)]
    return Agreement(
        images=len(counts),
        identical=int((otherwise == 0).all(axis=1).sum()),
        pixels=int(trained.sum()),
        pixels_otherwise=int(otherwise[:, :2].sum()),
        iou=mean_over_images(counts).iou,
        iou_trained=mean_over_images(trained).iou,
        largest_iou_difference=float(np.abs(ious[0] - ious[1]).max()),
        tolerance=allowed,
    )


def count_test_set(model: ExportedModel, run: TrainedRun, pack: Pack) -> NDArray[np.int64]:
    """TP, FP, FN, TN of every test image, shape (n, 4), as the model has them from the packed images."""
    return np.concatenate([_count(*model.run(images), masks) for images, masks in _batches(run, pack)])


def require(found: Agreement, path: Path, run: TrainedRun) -> None:
    """DataError if an exported model's counts are too far from the run's."""
    if found.holds:
        return
    raise DataError(
        f"{found.pixels_otherwise:,} of {found.pixels:,} test pixels are not counted as run "
        f"{run.record.key!r} counted them (allowed are {found.tolerance:.2%}); IoU {found.iou:.4f} "
        f"instead of {found.iou_trained:.4f}",
        where=path.name,
        fix="Nothing was written. Export with the versions that trained the run (its environment.json), or "
        "train it anew",
    )


def _batches(run: TrainedRun, pack: Pack) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """The test images as they were packed, in the trainer's batches: sums depend on their size."""
    test, size = np.sort(np.asarray(pack.manifest.test, np.int64)), run.record.config.batch_size
    for start in range(0, len(test), size):
        part = test[start : start + size]
        yield np.ascontiguousarray(pack.images[part]), pack.masks[part]


def _count(
    mask: NDArray[np.uint8], probability: NDArray[np.float32], truth: NDArray[np.uint8]
) -> NDArray[np.int64]:
    # images that are packed at the network's size get their masks at it, and these are what a user gets
    found = mask == 1 if mask.shape == truth.shape else probability >= THRESHOLD
    there = truth == 1
    axes = (1, 2)
    columns = ((found & there), (found & ~there), (~found & there), (~found & ~there))
    return np.stack([column.sum(axis=axes, dtype=np.int64) for column in columns], axis=1)
