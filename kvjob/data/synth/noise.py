"""Smooth random fields, made small and enlarged, which is both fast and soft."""

from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""Shape (height, width); with colours (3, height, width), which NumPy computes several times faster than
(height, width, 3). Only the camera has the latter, which OpenCV wants."""
Random = np.random.Generator

STOCK_SIDE = 1024
FINE_CELLS = (3, 4, 6, 9, 14, 21)
"""Widths in pixels of the features of stocks that are used unscaled: scaling a little shows as stripes."""
WIDE_CELL = 40
"""Of the stock for everything wider, which stays smooth when it is enlarged."""
FINEST_SCALED = 26
"""Pixels; from here on a piece of the wide stock of the right size fits into it."""


def as_field(values: Any) -> Field:
    """Values as float32, copied only if they are something else."""
    return np.asarray(values, np.float32)


def smooth(random: Random, shape: tuple[int, int], cell: float, octaves: int = 1) -> Field:
    """Noise of mean 0 and standard deviation about 1, whose features are about cell pixels wide.

    Each further octave has half the width and half the height of the one before.
    """
    total = _piece(random, shape, cell)
    for octave in range(1, octaves):
        cv2.scaleAdd(_piece(random, shape, cell / 2**octave), 0.5**octave, total, total)
    total *= np.float32(1 / np.sqrt(sum(0.25**octave for octave in range(octaves))))
    return total


def _piece(random: Random, shape: tuple[int, int], cell: float) -> Field:
    """A random piece of a stock, turned over at random, whose features are about cell wide."""
    if cell < FINEST_SCALED:
        stock_cell, (height, width) = min(FINE_CELLS, key=lambda fine: abs(np.log(fine / cell))), shape
    else:
        stock_cell, zoom = WIDE_CELL, max(WIDE_CELL / cell, 8 / min(shape))
        height, width = (min(round(side * zoom), STOCK_SIDE) for side in shape)
    top, left = random.integers(0, STOCK_SIDE - height + 1), random.integers(0, STOCK_SIDE - width + 1)
    rows, columns = random.choice([-1, 1], 2)
    piece = _stock(stock_cell)[top : top + height, left : left + width][::rows, ::columns]
    if piece.shape == shape:
        return piece.copy()
    # OpenCV's cubic kernel ripples at the spacing of the points, which shading from the side makes visible.
    return as_field(cv2.resize(piece, shape[::-1], interpolation=cv2.INTER_LINEAR))


@cache
def _stock(cell: int) -> Field:
    """Noise that every field takes pieces of: drawing it anew would cost more than all else in a scene."""
    white = np.random.default_rng(cell).standard_normal((STOCK_SIDE, STOCK_SIDE), np.float32)
    stock = cv2.GaussianBlur(white, (0, 0), cell * 0.42)
    return as_field(stock / stock.std())


def rgb(colour: Any) -> Field:
    """A colour that applies to every pixel of planes, shape (3, 1, 1)."""
    return as_field(colour).reshape(3, 1, 1)


def coarse(shape: tuple[int, int], factor: int, draw: Callable[[tuple[int, int]], Field]) -> Field:
    """A field drawn at 1/factor of its size and enlarged: for what has no fine detail."""
    small = (max(shape[0] // factor, 2), max(shape[1] // factor, 2))
    return as_field(cv2.resize(draw(small), shape[::-1], interpolation=cv2.INTER_LINEAR))


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur; wide ones are made at a quarter of the size."""
    if sigma < 0.3:
        return field
    if sigma > 6:
        height, width = field.shape[:2]
        small = cv2.resize(field, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
        return as_field(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    return as_field(cv2.GaussianBlur(field, (0, 0), sigma))


def step(field: Field, start: float, end: float) -> Field:
    """0 below start, 1 above end, smooth between (start may be the larger)."""
    t = np.clip((field - np.float32(start)) / np.float32(end - start), 0, 1)
    return as_field(t * t * (3 - 2 * t))


def power(field: Field, exponent: float) -> Field:
    """Field, which must not be negative, to a power; OpenCV's is several times faster than NumPy's."""
    return as_field(cv2.pow(field, exponent))
