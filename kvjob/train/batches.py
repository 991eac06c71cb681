"""Batches of pixels on the device, in an order that only seed and epoch decide."""

import queue
import threading
import warnings
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kvjob.data import augmentation, draw_seed
from kvjob.study.config import TrainConfig

Batch = tuple[Tensor, Tensor]
"""Images (n, height, width, 3) uint8 and masks (n, height, width) uint8 of 0 and 1, on the device."""

AHEAD = 2
"""Augmented batches that wait for the network."""


class Images:
    """All images of a data set at one size, resident on the device.

    On a CPU they stay in the memory-mapped pack, which every process of a study shares.

    Args:
        images: shape (n, side, side, 3), uint8, RGB.
        masks: shape (n, side, side), uint8, 0 or 1.
        device: where the network runs.
    """

    def __init__(self, images: NDArray[np.uint8], masks: NDArray[np.uint8], device: torch.device) -> None:
        self._pixels, self._truth = images, masks
        self._device = device
        self._images, self._masks = _resident(images, device), _resident(masks, device)

    def stored(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pixels and mask of one image, as the network sees them without augmentation."""
        return self._pixels[index], self._truth[index]

    def batches(self, parts: list[NDArray[np.int64]]) -> Iterator[Batch]:
        """Batches of the images at the given indices, as they are stored."""
        for part in parts:
            index = torch.from_numpy(part).to(self._device)
            yield self._images.index_select(0, index), self._masks.index_select(0, index)

    def augmented(self, parts: list[NDArray[np.int64]], config: TrainConfig, epoch: int) -> Iterator[Batch]:
        """The same batches with the run's augmentation, made by a thread ahead of the network."""
        if config.augmentation == "none":
            yield from self.batches(parts)
            return
        ready: queue.Queue[Batch | BaseException | None] = queue.Queue(maxsize=AHEAD)
        leave = threading.Event()
        arguments = (parts, config, epoch, ready, leave)
        thread = threading.Thread(target=self._augment, args=arguments, name="augmentation", daemon=True)
        thread.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                images, masks = item
                yield images.to(self._device, non_blocking=True), masks.to(self._device, non_blocking=True)
        finally:
            leave.set()
            while thread.is_alive():
                _drain(ready)
                thread.join(timeout=0.01)

    def _augment(
        self,
        parts: list[NDArray[np.int64]],
        config: TrainConfig,
        epoch: int,
        ready: "queue.Queue[Batch | BaseException | None]",
        leave: threading.Event,
    ) -> None:
        try:
            augment = augmentation(config.augmentation)
            for part in parts:
                if leave.is_set():
                    return
                images = torch.empty((len(part), *self._pixels.shape[1:]), dtype=torch.uint8)
                masks = torch.empty((len(part), *self._truth.shape[1:]), dtype=torch.uint8)
                for slot, index in enumerate(part.tolist()):
                    seed = draw_seed(config.seed, epoch, index)
                    image, mask = augment(self._pixels[index], self._truth[index], seed)
                    images[slot] = torch.from_numpy(np.ascontiguousarray(image))
                    masks[slot] = torch.from_numpy(np.ascontiguousarray(mask))
                ready.put((images, masks))
            ready.put(None)
        except BaseException as error:  # raised again in the training thread
            ready.put(error)


def train_order(indices: NDArray[np.int64], config: TrainConfig, epoch: int) -> list[NDArray[np.int64]]:
    """The training images of an epoch in batches; a last batch of one image is left out (BatchNorm)."""
    shuffled = np.random.default_rng([config.seed, epoch]).permutation(indices)
    parts = in_batches(shuffled, config.batch_size)
    return parts if len(parts[-1]) > 1 else parts[:-1]


def in_batches(indices: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Indices in their order, size at a time."""
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def micro_batches(batch: int, micro: int) -> list[slice]:
    """Slices of a batch of no more than micro images, as equal as can be, none of one image alone.

    A batch of three with a micro-batch of two is one slice, because its rest would be one image.
    """
    count = -(-batch // micro)
    if batch // count < 2:
        count = max(1, batch // 2)
    edges = [round(index * batch / count) for index in range(count + 1)]
    return [slice(begin, end) for begin, end in pairwise(edges)]


def _resident(array: NDArray[np.uint8], device: torch.device) -> Tensor:
    with warnings.catch_warnings():
        # torch cannot protect a read-only map, and says so; nothing here writes to it
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        tensor = torch.from_numpy(array)
    return tensor if device.type == "cpu" else tensor.to(device)


def _drain(ready: "queue.Queue[Batch | BaseException | None]") -> None:
    while not ready.empty():
        ready.get_nowait()
