"""How far an exported model agrees with the trainer, on the whole test set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kvjob.data import Pack
from kvjob.errors import DataError
from kvjob.inference.choose import TrainedRun
from kvjob.inference.record import Agreement
from kvjob.inference.scored import Scored
from kvjob.inference.segment import ExportedModel
from kvjob.study.scores import THRESHOLD, mean_over_images, score_each

EXACT = 1e-4
"""Share of pixels that may be predicted otherwise if the run was scored in float32 on a CPU: other CPUs and
runtimes add in another order. Seen so far: none with TorchScript on the CPU that trained, none with ONNX."""

ROUNDED = 5e-3
"""The same if it was scored on a GPU or in bfloat16, whose products keep three significant digits or so;
bfloat16 alone was seen to move 0.0007 of the pixels."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an exported model found on the test set."""

    masks: NDArray[np.bool_]
    """Shape (n, input_size, input_size)."""
    counts: NDArray[np.int64]
    """TP, FP, FN, TN of each image, shape (n, 4)."""


def tolerance(run: TrainedRun) -> float:
    """Share of pixels that an export of run may predict otherwise."""
    on_gpu = run.environment is None or bool(run.environment.cuda)
    return ROUNDED if on_gpu or run.record.config.precision != "float32" else EXACT


def agreement(found: Found, scored: Scored, allowed: float) -> Agreement:
    """Compare what an exported model found on the test set with what the trainer counted and kept."""
    otherwise = np.abs(found.counts - scored.counts)[:, :2].sum(axis=1)
    if scored.masks is not None:
        otherwise = np.maximum(otherwise, (found.masks != scored.masks).sum(axis=(1, 2)))
    ious = [score_each(counts)["iou"] for counts in (found.counts, scored.counts)]
    return Agreement(
        images=len(otherwise),
        identical=int((otherwise == 0).sum()),
        pixels=int(scored.counts.sum()),
        pixels_otherwise=int(otherwise.sum()),
        by_pixel=scored.masks is not None,
        iou=mean_over_images(found.counts).iou,
        iou_trained=mean_over_images(scored.counts).iou,
        largest_iou_difference=float(np.abs(ious[0] - ious[1]).max()),
        tolerance=allowed,
    )


def find_test_set(model: ExportedModel, run: TrainedRun, pack: Pack) -> Found:
    """What the model finds on the test images as they were packed."""
    masks = [_at_network_size(*model.run(images), truth) for images, truth in _batches(run, pack)]
    found = np.concatenate(masks)
    return Found(found, _count(found, pack.masks[_test(pack)] == 1))


def require(found: Agreement, path: Path, run: TrainedRun) -> None:
    """DataError if an exported model's predictions are too far from the run's."""
    if found.holds:
        return
    raise DataError(
        f"{found.pixels_otherwise:,} of {found.pixels:,} test pixels are not predicted as run "
        f"{run.record.key!r} predicted them (allowed are {found.tolerance:.2%}); IoU {found.iou:.4f} "
        f"instead of {found.iou_trained:.4f}",
        where=path.name,
        fix="Nothing was written. Export with the versions that trained the run (its environment.json), or "
        "train it anew",
    )


def _test(pack: Pack) -> NDArray[np.int64]:
    return np.sort(np.asarray(pack.manifest.test, np.int64))


def _batches(run: TrainedRun, pack: Pack) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Packed test images and their masks, in the trainer's batches: sums depend on their size."""
    test, size = _test(pack), run.record.config.batch_size
    for start in range(0, len(test), size):
        part = test[start : start + size]
        yield np.ascontiguousarray(pack.images[part]), pack.masks[part]


def _at_network_size(
    mask: NDArray[np.uint8], probability: NDArray[np.float32], truth: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    # images that are packed at the network's size get their masks at it, and these are what a user gets
    return mask == 1 if mask.shape == truth.shape else probability >= THRESHOLD


def _count(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> NDArray[np.int64]:
    columns = ((found & there), (found & ~there), (~found & there), (~found & ~there))
    return np.stack([column.sum(axis=(1, 2), dtype=np.int64) for column in columns], axis=1)
