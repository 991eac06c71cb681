"""Bytes to pixels, and pixels to the square the network sees."""

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)  # One image per thread is faster than many threads on one image, and costs no more CPUs.

Image = NDArray[np.uint8]
"""Shape (height, width, 3), RGB, or (height, width); values 0 to 255."""

HALF = 128
"""A mask's pixel of at least this value is instrument."""

_AS_STORED = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def decode(data: bytes) -> Image | None:
    """Pixels of a JPEG or PNG as RGB, shape (height, width, 3); None if they cannot be read.

    The orientation tag is ignored: masks have none, and both must stay in the frame they were drawn in.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _AS_STORED)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)


def squeeze_mask(pixels: Image) -> Image:
    """The largest of a mask's three channels: (height, width, 3) to (height, width).

    Kvasir-Instrument's masks hold the same in all three; a mask painted in one colour means the same.
    """
    red, green, blue = cv2.split(pixels)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def to_square(pixels: Image, size: int) -> Image:
    """Resize to (size, size[, 3]), not keeping the proportions, as the paper does.

    A side that shrinks is averaged over area, since sampling points would alias; one that grows is
    interpolated linearly, which adds no ringing.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (size, size):
        return pixels
    smaller = (min(width, size), min(height, size))
    if smaller != (width, height):
        pixels = np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    if smaller != (size, size):
        pixels = np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return pixels


def mask_to_square(mask: Image, size: int) -> Image:
    """Resize a mask of values 0 to 255 to (size, size) of values 0 and 1.

    The native mask is made binary first, so that compression noise does not weigh; then a pixel belongs to
    the instrument if at least half of its area does. Picking the nearest native pixel instead would make
    edges ragged and thin wires come and go by luck.
    """
    binary = (mask >= HALF).view(np.uint8) * np.uint8(255)
    return (to_square(binary, size) >= HALF).view(np.uint8)


def at_size(images: Image, size: int) -> Image:
    """Bring images of one resolution to the size the network sees.

    Args:
        images: shape (n, resolution, resolution, 3).
        size: side of the result in pixels.

    Returns:
        Shape (n, size, size, 3); images itself, not a copy, if it has that size already.
    """
    if images.shape[1:3] == (size, size):
        return images
    result = np.empty((len(images), size, size, *images.shape[3:]), np.uint8)
    for target, image in zip(result, images, strict=True):
        target[...] = to_square(image, size)
    return result
