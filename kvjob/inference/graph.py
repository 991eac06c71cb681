"""From frames to masks in one graph: everything that happens between a decoded image and its mask."""

import torch
from torch import Tensor, nn

from kvjob.inference.resample import resize_linear, to_square
from kvjob.model.normalise import MEAN, STD
from kvjob.study.config import TrainConfig
from kvjob.study.scores import THRESHOLD

BELOW = 0.49999997
"""The largest float32 below THRESHOLD."""


class FrameSegmenter(nn.Module):
    """Segments frames of any size as `kvjob predict --run` does.

    Shrink to `resolution`, bring to `input_size`, normalise, network, sigmoid, enlarge the probability to the
    frame's size, threshold.

    Args:
        network: of a run, in evaluation mode; (n, 3, input_size, input_size) to logits of one channel.
        config: the run's configuration.
    """

    def __init__(self, network: nn.Module, config: TrainConfig) -> None:
        super().__init__()
        self.network = network
        self.resolution: int = config.resolution
        self.input_size: int = config.input_size
        self.threshold: float = THRESHOLD
        self.below: float = BELOW
        std = torch.tensor(STD)
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -torch.tensor(MEAN) / std)
        self.scale: Tensor
        self.shift: Tensor

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Masks and probabilities of images.

        Args:
            images: RGB, shape (n, height, width, 3), uint8.

        Returns:
            Masks of shape (n, height, width), uint8, 1 where instrument is predicted, else 0; and the
            probability of instrument at the network's size, (n, input_size, input_size), float32, 0 to 1.
        """
        small = to_square(images, self.resolution)
        if self.resolution != self.input_size:
            small = to_square(small, self.input_size)
        normal = torch.addcmul(self.shift, small, self.scale).permute(0, 3, 1, 2)
        logits = self.network(normal).squeeze(1)
        probability = self._probability(logits)
        enlarged = resize_linear(probability, images.shape[1], images.shape[2])
        return (enlarged >= self.threshold).to(torch.uint8), probability

    def _probability(self, logits: Tensor) -> Tensor:
        """The sigmoid, at least THRESHOLD exactly where the trainer counts instrument: where logits >= 0.

        Rounding alone would lift what is less than 6e-8 below zero to 0.5.
        """
        raised = torch.sigmoid(logits)
        return torch.where(logits >= 0, raised.clamp(min=self.threshold), raised.clamp(max=self.below))
