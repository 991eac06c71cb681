"""An exported ONNX model, run by ONNX Runtime on the CPU; torch is not needed."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from kvjob.data.image import Image
from kvjob.errors import DataError

INPUT, OUTPUTS = "images", ("mask", "probability")


class OnnxModel:
    """A model that `kvjob export` wrote as ONNX.

    Args:
        path: the file.
        threads: of the CPU; as many as there are cores unless given.

    Raises:
        DataError: path is no such file.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self._path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception:  # ONNX Runtime's own errors share no other base
            raise self._foreign("not an ONNX file that ONNX Runtime can load") from None
        names = [each.name for each in (*self._session.get_inputs(), *self._session.get_outputs())]
        if names != [INPUT, *OUTPUTS]:
            raise self._foreign(f"its inputs and outputs are {', '.join(names)}")

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Masks and probabilities of images, as ExportedModel.run."""
        try:
            mask, probability = self._session.run(list(OUTPUTS), {INPUT: images})
        except Exception as error:  # as above
            reason = str(error).strip().splitlines()[0][:200]
            raise self._foreign(f"cannot segment a frame: {reason}") from None
        return np.asarray(mask, np.uint8), np.asarray(probability, np.float32)

    def segment(self, pixels: Image) -> NDArray[np.bool_]:
        """Where there is instrument, shape (height, width), in RGB pixels (height, width, 3)."""
        return np.asarray(self.run(pixels[None])[0][0], np.bool_)

    def _foreign(self, what: str) -> DataError:
        return DataError(what, where=str(self._path), fix="Name a model that `kvjob export` wrote")
