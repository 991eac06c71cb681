"""A trained run of a store: its network, and masks with the trainer's own resampling."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kvjob.data.image import Image, at_size, to_square
from kvjob.inference.choose import TrainedRun
from kvjob.model import Normalise, skeleton
from kvjob.records.checkpoint import MODEL
from kvjob.store import Store
from kvjob.study.scores import THRESHOLD
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.device import prepare_device
from kvjob.train.snapshot import load_model


def load_network(store: Store, run: TrainedRun) -> nn.Module:
    """The network with the best epoch's weights, on the CPU, in evaluation mode.

    Raises:
        DataError: the weights are missing, damaged, or another network's.
    """
    network = skeleton(run.record.config)
    load_model(network, Checkpoints(store, run.record.key).best(run.result.best_epoch).files[MODEL])
    return network.to(memory_format=torch.channels_last).eval()


class RunSegmenter:
    """Segments with the best epoch's weights of a run; errors as load_network."""

    def __init__(self, store: Store, run: TrainedRun) -> None:
        self._config = run.record.config
        self._device = prepare_device(self._config)
        self._network = load_network(store, run).to(self._device)
        self._normalise = Normalise(self._device)

    def segment(self, pixels: Image) -> NDArray[np.bool_]:
        """Where there is instrument, shape (height, width), in RGB pixels (height, width, 3)."""
        small = to_square(pixels, self._config.resolution)[None]
        inputs = torch.from_numpy(at_size(small, self._config.input_size)).to(self._device)
        with torch.inference_mode():
            logits = self._network(self._normalise(inputs))
        probability = logits.float().sigmoid()[0, 0].cpu().numpy()
        height, width = pixels.shape[:2]
        found = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR) >= THRESHOLD
        return np.asarray(found, np.bool_)
