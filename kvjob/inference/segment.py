"""Masks of new images, whatever finds them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kvjob.data.image import Image
from kvjob.inference.picture import Prediction, check_names, make_folder, read_picture, write_prediction


class Segmenter(Protocol):
    """Finds instruments: a trained run of a store, or an exported model."""

    def segment(self, pixels: Image) -> NDArray[np.bool_]:
        """Where there is instrument, shape (height, width), in RGB pixels (height, width, 3)."""


class ExportedModel(Segmenter, Protocol):
    """A model that `kvjob export` wrote."""

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Masks and probabilities of images of one size.

        Args:
            images: RGB, shape (n, height, width, 3).

        Returns:
            Masks (n, height, width), 1 where instrument is predicted, else 0; probabilities of instrument at
            the network's size, (n, input_size, input_size), 0 to 1.
        """


def predict_images(segmenter: Segmenter, images: list[Path], out: Path) -> Iterator[Prediction]:
    """Segment images into out, one after the other.

    Raises:
        ConfigurationError: two images share a name, or out cannot be written.
        DataError: an image cannot be read.
    """
    check_names(images)
    make_folder(out)
    for image in images:
        pixels = read_picture(image)
        yield write_prediction(image, pixels, segmenter.segment(pixels), out)
