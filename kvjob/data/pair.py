"""One image and its mask: decoded, and what is wrong with them."""

from dataclasses import dataclass

import cv2
import numpy as np

from kvjob.data.blob import Blob
from kvjob.data.damage import damage
from kvjob.data.finding import Finding, error, warning
from kvjob.data.image import Image, decode, squeeze_mask
from kvjob.errors import DataError

BLACK, WHITE = 10, 245
"""A mask's values up to BLACK and from WHITE on are its two values; JPEG compression moves them a little."""
MOST_BETWEEN = 0.01
"""Share of pixels that may lie between: a smoothed edge is a few thousandths of them, a grey map is most."""
NEARLY_ALL = 0.95
"""Share of mask from which on one may suspect that it is inverted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An image with its mask, at their native size, or what keeps them from being used."""

    findings: tuple[Finding, ...]
    image: Image | None = None
    """RGB, shape (height, width, 3); absent if a finding is an error."""
    mask: Image | None = None
    """Shape (height, width), instrument from 128 on; absent if a finding is an error."""


def inspect(image: Blob, mask: Blob) -> Pair:
    """Decode one image and its mask, and say what is wrong with them."""
    findings: list[Finding] = []
    pixels, mask_pixels = _decoded(image, findings), _decoded(mask, findings)
    if pixels is None or mask_pixels is None:
        return Pair(tuple(findings))
    if pixels.shape != mask_pixels.shape:
        mask_size, image_size = _size(mask_pixels), _size(pixels)
        findings.append(error(mask.label, f"is {mask_size} pixels, but its image is {image_size}"))
        return Pair(tuple(findings))
    squeezed = squeeze_mask(mask_pixels)
    found = _mask_finding(squeezed, mask.label)
    if found is None or found.severity == "warning":
        return Pair((found,) if found else (), pixels, squeezed)
    return Pair((found,))


def _decoded(blob: Blob, findings: list[Finding]) -> Image | None:
    try:
        data = blob.read()
    except DataError as problem:
        findings.append(error(blob.label, problem.what))
        return None
    wrong = damage(data)
    pixels = None if wrong else decode(data)
    if pixels is None:
        findings.append(error(blob.label, wrong or "cannot be decoded"))
    return pixels


def _mask_finding(mask: Image, label: str) -> Finding | None:
    histogram = np.asarray(cv2.calcHist([mask], [0], None, [256], [0, 256])).reshape(-1)
    largest = int(np.flatnonzero(histogram)[-1])
    if largest == 0:
        return warning(label, "is empty: no pixel is marked as instrument")
    if largest < WHITE:
        return error(label, f"is not binary: its largest value is {largest}, expected are 0 and 255")
    between = float(histogram[BLACK + 1 : WHITE].sum()) / mask.size
    if between > MOST_BETWEEN:
        return error(label, f"is not binary: {between:.0%} of its pixels lie between 0 and 255")
    if float(histogram[WHITE:].sum()) / mask.size > NEARLY_ALL:
        return warning(label, "marks nearly every pixel as instrument; is it inverted?")
    return None


def _size(pixels: Image) -> str:
    height, width = pixels.shape[:2]
    return f"{width} x {height}"
