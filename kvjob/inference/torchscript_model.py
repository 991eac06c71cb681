"""An exported TorchScript model, run by torch on the CPU."""

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kvjob.data.image import Image
from kvjob.errors import DataError


class TorchScriptModel:
    """A model that `kvjob export` wrote as TorchScript.

    TorchScript is a program of torch's operations; loading it executes no Python and no pickle.

    Raises:
        DataError: path is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with warnings.catch_warnings():
                # torch is about to prefer a format that ties a model to the version that wrote it
                warnings.simplefilter("ignore", FutureWarning)
                warnings.simplefilter("ignore", DeprecationWarning)
                self._model = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, OSError):
            raise self._foreign("not a TorchScript file that torch can load") from None

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Masks and probabilities of images, as ExportedModel.run."""
        try:
            with torch.inference_mode():
                mask, probability = self._model(torch.tensor(images))
            return mask.numpy(), probability.numpy()
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            reason = str(error).strip().splitlines()[-1][:200] if str(error).strip() else type(error).__name__
            raise self._foreign(f"cannot segment a frame: {reason}") from None

    def segment(self, pixels: Image) -> NDArray[np.bool_]:
        """Where there is instrument, shape (height, width), in RGB pixels (height, width, 3)."""
        return np.asarray(self.run(pixels[None])[0][0], np.bool_)

    def _foreign(self, what: str) -> DataError:
        return DataError(what, where=str(self._path), fix="Name a model that `kvjob export` wrote")
