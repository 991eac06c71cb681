"""Which pixels a prediction got right, in colours that the colour-blind tell apart on red mucosa."""

import numpy as np
from numpy.typing import NDArray

from kvjob.study.scores import THRESHOLD

RIGHT, TOO_MUCH, MISSED = "#19c3a6", "#ffd60a", "#2f6bff"
"""Instrument found, other tissue taken for instrument, instrument not found."""

KEY = (
    (RIGHT, "found (true positive)"),
    (TOO_MUCH, "taken for instrument (false positive)"),
    (MISSED, "missed (false negative)"),
)
_OPACITY = 0.75
_DIM = 0.55 * np.array([0.299, 0.587, 0.114])
"""What red, green and blue give to brightness (Rec. ITU-R BT.601), and how much of it is left."""


def overlay(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], probability: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Tint image where there is instrument or was thought to be.

    What lies below is grey and dim: endoscopes' pictures have green insets and yellow reflections that could
    be taken for tints, and in print without colours the tints must still stand out.

    Args:
        image: shape (side, side, 3), RGB.
        mask: shape (side, side), 0 or 255.
        probability: shape (side, side), 0 to 255.
    """
    truth, predicted = mask >= 128, predict(probability)
    result = np.repeat((image.astype(np.float64) @ _DIM)[..., None], 3, axis=2)
    for colour, where in (
        (RIGHT, truth & predicted),
        (TOO_MUCH, predicted & ~truth),
        (MISSED, truth & ~predicted),
    ):
        result[where] = (1 - _OPACITY) * result[where] + _OPACITY * _rgb(colour)
    return result.round().astype(np.uint8)


def predict(probability: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels that a probability map of 0 to 255 calls instrument."""
    return probability >= THRESHOLD * 255


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)
