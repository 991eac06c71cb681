"""Segmentation scores from counts of true and false positives and negatives.

Two definitions of every score exist side by side, because papers mix them: the mean over images of each
image's score, and the score of all pixels taken together. A score whose denominator is zero is 1 when the
mask and the prediction are both empty, else 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

SCORES = ("iou", "dice", "precision", "recall", "accuracy")
COUNTS = ("tp", "fp", "fn", "tn")

THRESHOLD = 0.5
"""A pixel is predicted to be instrument where its probability is at least this."""


class Scores(BaseModel):
    """The five scores, each a ratio between 0 and 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iou: float
    """Intersection over union (Jaccard index): TP / (TP + FP + FN)."""
    dice: float
    """Dice coefficient (F1): 2 TP / (2 TP + FP + FN)."""
    precision: float
    """TP / (TP + FP)."""
    recall: float
    """TP / (TP + FN)."""
    accuracy: float
    """(TP + TN) / all pixels."""


def score_each(counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Scores of every row.

    Args:
        counts: shape (n, 4), columns TP, FP, FN, TN, in pixels.

    Returns:
        For each name of SCORES an array of shape (n,), values 0 to 1.
    """
    tp, fp, fn, tn = np.asarray(counts, dtype=np.float64).T
    both_empty = (tp + fp + fn) == 0
    return {
        "iou": _ratio(tp, tp + fp + fn, both_empty),
        "dice": _ratio(2 * tp, 2 * tp + fp + fn, both_empty),
        "precision": _ratio(tp, tp + fp, both_empty),
        "recall": _ratio(tp, tp + fn, both_empty),
        "accuracy": _ratio(tp + tn, tp + fp + fn + tn, both_empty),
    }


def mean_over_images(counts: NDArray[np.int64]) -> Scores:
    """The mean over images of each image's score; counts as in score_each, n at least 1."""
    return Scores(**{name: float(values.mean()) for name, values in score_each(counts).items()})


def over_all_pixels(counts: NDArray[np.int64]) -> Scores:
    """The scores of all pixels of all images taken together; counts as in score_each."""
    total = np.asarray(counts, dtype=np.int64).sum(axis=0, keepdims=True)
    return Scores(**{name: float(values[0]) for name, values in score_each(total).items()})


def _ratio(part: NDArray[Any], whole: NDArray[Any], both_empty: NDArray[np.bool_]) -> NDArray[np.float64]:
    safe = np.where(whole == 0, 1.0, whole)
    return np.where(whole == 0, both_empty.astype(np.float64), part / safe)
