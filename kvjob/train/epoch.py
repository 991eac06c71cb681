"""One pass over the images: training, or scoring without learning."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kvjob.model import Normalise
from kvjob.records.live import Live
from kvjob.records.run import PhaseScores
from kvjob.study.config import TrainConfig
from kvjob.train.batches import Images, in_batches, micro_batches, train_order
from kvjob.train.loss import loss_function
from kvjob.train.metrics import PassMeter, predicted_masks
from kvjob.train.progress import Reporter, StepPace
from kvjob.train.stop import StopRequest


class Passes:
    """Passes of one network over one data set.

    Args:
        config: the run's configuration.
        images: the data set, resident on the device.
        device: where the network runs.
        micro_batch: images per forward and backward pass.
        stop: asked between steps.
        report: told of steps.
        live: holds how far the pass is.
    """

    def __init__(
        self,
        config: TrainConfig,
        images: Images,
        device: torch.device,
        micro_batch: int,
        stop: StopRequest,
        report: Reporter,
        live: Live | None = None,
    ) -> None:
        self._config, self._images, self._device = config, images, device
        self._micro_batch, self._stop, self._report = micro_batch, stop, report
        self._live = live or Live()
        self._normalise = Normalise(device)
        self._loss = loss_function(config.loss)
        self.data_seconds = 0.0
        """Seconds that the last pass waited for batches."""

    def train(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, indices: NDArray[np.int64], epoch: int
    ) -> PhaseScores:
        """Train network for one epoch on the images at indices; the scores met on the way."""
        network.train()
        torch.manual_seed(_dropout_seed(self._config.seed, epoch))
        parts = train_order(indices, self._config, epoch)
        meter, pace = PassMeter(sum(map(len, parts)), self._device), StepPace()
        images, live = 0, self._live
        live.step, live.steps, live.epoch_began = 0, len(parts), time.time()
        for step, (pixels, masks) in enumerate(
            self._timed(self._images.augmented(parts, self._config, epoch)), 1
        ):
            self._stop.check()
            optimizer.zero_grad(set_to_none=True)
            self._step(network, pixels, masks, meter)
            optimizer.step()
            images += len(pixels)
            live.step, live.progressed = step, time.time()
            if (speed := pace.due(images)) is not None:
                facts = {"epoch": epoch, "epochs": self._config.epochs, "step": step, "steps": len(parts)}
                self._report.send("step", **facts, images_per_second=speed)
        return meter.read()

    @torch.inference_mode()
    def score(
        self,
        network: nn.Module,
        indices: NDArray[np.int64],
        predictions: list[NDArray[np.bool_]] | None = None,
    ) -> tuple[PhaseScores, Tensor]:
        """Scores of network on the images at indices, and TP, FP, FN, TN of each, shape (n, 4).

        Args:
            network: is put into evaluation mode.
            indices: of the images.
            predictions: receives the masks that were scored, an array (images, side, side) for each batch.
        """
        network.eval()
        meter = PassMeter(len(indices), self._device)
        # what did not fit for training may not fit for scoring either, once the rest of the memory is in use
        size = min(self._config.batch_size, self._micro_batch)
        for pixels, masks in self._images.batches(in_batches(indices, size)):
            self._stop.check()
            with self._autocast():
                logits = network(self._normalise(pixels))
            meter.add(logits, masks, self._loss(logits, masks))
            if predictions is not None:
                predictions.append(predicted_masks(logits).cpu().numpy())
            self._live.progressed = time.time()
        return meter.read(), meter.counts()

    @torch.inference_mode()
    def probabilities(self, network: nn.Module, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability of instrument, shape (n, side, side), 0 to 1, of pixels (n, side, side, 3)."""
        network.eval()
        with self._autocast():
            logits = network(self._normalise(torch.from_numpy(pixels).to(self._device)))
        found: NDArray[np.float32] = logits.float().sigmoid().squeeze(1).cpu().numpy()
        return found

    def _step(self, network: nn.Module, pixels: Tensor, masks: Tensor, meter: PassMeter) -> None:
        for part in micro_batches(len(pixels), self._micro_batch):
            with self._autocast():
                logits = network(self._normalise(pixels[part]))
            loss = self._loss(logits, masks[part])
            share = len(logits) / len(pixels)
            torch.autograd.backward(loss if share == 1 else loss * share)
            meter.add(logits.detach(), masks[part], loss)

    def _autocast(self) -> AbstractContextManager[None]:
        enabled = self._config.precision == "bfloat16"
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=enabled)

    def _timed(self, batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        self.data_seconds = 0.0
        while True:
            begin = time.perf_counter()
            batch = next(batches, None)
            self.data_seconds += time.perf_counter() - begin
            if batch is None:
                return
            yield batch


def _dropout_seed(seed: int, epoch: int) -> int:
    """A seed for the network's own randomness (dropout in the ASPP), so that resuming replays nothing."""
    return int(np.random.SeedSequence([seed, epoch, 1]).generate_state(1, np.uint64)[0] >> np.uint64(1))
