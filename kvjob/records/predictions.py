"""`predictions.png`: what a run predicted for every test image, in one 1-bit picture.

The masks lie side by side, `COLUMNS` to a row, in the order of `scores.csv`: it can be looked at as it is. A
hundred masks of instruments at 256 px take less than 100 kB.
"""

import struct

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.errors import DataError

NAME = "predictions.png"
"""Of the file, beside `scores.csv`."""
COLUMNS = 16
"""Masks in a row of the picture; fewer if there are fewer."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 24
"""Bytes of a PNG up to its width and height, included."""


def encode_predictions(masks: NDArray[np.bool_]) -> bytes:
    """The picture; equal masks are equal bytes.

    Args:
        masks: shape (n, side, side), n at least 1.
    """
    count, side, _ = masks.shape
    columns, rows = _grid(count)
    places = np.zeros((rows * columns, side, side), np.uint8)
    places[:count] = masks
    sheet = places.reshape(rows, columns, side, side).swapaxes(1, 2).reshape(rows * side, columns * side)
    ok, data = cv2.imencode(
        ".png", sheet * np.uint8(255), [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 9]
    )
    if not ok:
        raise DataError("the predictions cannot be written", where=NAME, fix="Report this as a defect")
    return bytes(data)


def decode_predictions(data: bytes, count: int, where: str) -> NDArray[np.bool_]:
    """The masks of a picture that encode_predictions made, shape (count, side, side).

    Args:
        data: the file.
        count: number of masks that it must hold.
        where: names the file in errors.

    Raises:
        DataError: it is damaged, or holds another number of masks.
    """
    columns, rows = _grid(count)
    # the size is looked at first: a file of a few bytes may claim to be larger than memory
    width, height = _size(data)
    side = width // columns
    if not side or (width, height) != (columns * side, rows * side):
        raise _damaged(f"not a picture of {count} masks", where)
    try:
        sheet = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        sheet = None
    if sheet is None or sheet.shape != (height, width):
        raise _damaged("damaged", where)
    found = sheet.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side, side)
    masks: NDArray[np.bool_] = found[:count] >= 128
    return masks


def _grid(count: int) -> tuple[int, int]:
    """Columns and rows."""
    columns = max(1, min(COLUMNS, count))
    return columns, max(1, -(-count // columns))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height by a PNG's header; zeros if it has none."""
    if len(data) < _HEADER or not data.startswith(_SIGNATURE):
        return 0, 0
    width, height = struct.unpack(">II", data[16:_HEADER])
    return width, height


def _damaged(what: str, where: str) -> DataError:
    return DataError(what, where=where, fix="Delete the run's result.json and run the study again")
