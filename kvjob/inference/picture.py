"""Pictures in, masks and overlays out."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.data.blob import FileBlob
from kvjob.data.damage import damage
from kvjob.data.image import Image, decode
from kvjob.errors import ConfigurationError, DataError

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


def check_names(images: list[Path]) -> None:
    """ConfigurationError if two images would leave masks of the same name."""
    names = [image.stem for image in images]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(
            f"two images are named {twice!r}", where="IMAGE", fix="Predict them into two folders"
        )


def make_folder(out: Path) -> None:
    """Make the folder that receives the pictures; ConfigurationError if it cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "cannot be made").lower()
        raise ConfigurationError(
            reason, where=f"--out {out}", fix="Choose a folder that can be made"
        ) from None


def read_picture(image: Path) -> Image:
    """Pixels of a JPEG or PNG file, RGB, shape (height, width, 3); DataError if it is none."""
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


def write_prediction(image: Path, pixels: Image, found: NDArray[np.bool_], out: Path) -> Prediction:
    """Write what was found in an image; pixels (height, width, 3) and found (height, width) of its size."""
    overlay = pixels.copy()
    overlay[found] = (0.5 * pixels[found] + 0.5 * INSTRUMENT).astype(np.uint8)
    mask_path, overlay_path = out / f"{image.stem}-mask.png", out / f"{image.stem}-overlay.png"
    pictures = {mask_path: found.astype(np.uint8) * 255, overlay_path: overlay[..., ::-1]}
    for path, picture in pictures.items():
        if not cv2.imwrite(str(path), picture):
            raise ConfigurationError("cannot be written", where=str(path), fix="Choose another --out")
    return Prediction(image, mask_path, overlay_path, float(found.mean()))
