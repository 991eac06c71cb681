"""Loss and pixel counts of a pass over images, kept on the device and read once."""

import torch
from torch import Tensor

from kvjob.records.run import PhaseScores
from kvjob.study.scores import THRESHOLD, mean_over_images, over_all_pixels


class PassMeter:
    """Gathers one pass; nothing is copied from the device before `read`.

    Args:
        images: how many images the pass has.
        device: where the network runs.
    """

    def __init__(self, images: int, device: torch.device) -> None:
        self._counts = torch.zeros(images, 4, dtype=torch.int64, device=device)
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._done = 0

    @torch.no_grad()
    def add(self, logits: Tensor, masks: Tensor, loss: Tensor) -> None:
        """Count a batch.

        Args:
            logits: shape (n, 1, height, width).
            masks: shape (n, height, width), 0 or 1.
            loss: mean over the batch, a scalar.
        """
        n = len(logits)
        self._counts[self._done : self._done + n] = pixel_counts(logits, masks)
        self._loss += loss.detach() * n
        self._done += n

    def counts(self) -> Tensor:
        """Shape (images so far, 4): TP, FP, FN, TN of each image in the order they were added."""
        return self._counts[: self._done].cpu()

    def read(self) -> PhaseScores:
        """Loss and scores of the pass; waits for the device."""
        counts = self.counts().numpy()
        return PhaseScores(
            loss=float(self._loss) / self._done,
            mean_over_images=mean_over_images(counts),
            over_all_pixels=over_all_pixels(counts),
        )


def pixel_counts(logits: Tensor, masks: Tensor) -> Tensor:
    """TP, FP, FN, TN of each image, shape (n, 4); shapes and values as in PassMeter.add."""
    predicted = predicted_masks(logits)
    truth = masks.bool()
    hits = (predicted & truth).sum((1, 2))
    positives, instrument = predicted.sum((1, 2)), truth.sum((1, 2))
    pixels = truth[0].numel()
    return torch.stack(
        (hits, positives - hits, instrument - hits, pixels - positives - instrument + hits), dim=1
    )


def predicted_masks(logits: Tensor) -> Tensor:
    """What is called instrument, bool, shape (n, height, width), by logits of shape (n, 1, height, width)."""
    return logits.squeeze(1) >= _LOGIT


_LOGIT = float(torch.logit(torch.tensor(THRESHOLD, dtype=torch.float64)))
