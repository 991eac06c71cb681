"""From stored pixels to what the network takes."""

import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's red, green and blue, on a scale from 0 to 1."""


class Normalise:
    """Turns pixels into normalised images on one device, in channels-last layout without a copy for it."""

    def __init__(self, device: torch.device) -> None:
        std = torch.tensor(STD, device=device)
        self._scale = 1 / (255 * std)
        self._shift = -torch.tensor(MEAN, device=device) / std

    def __call__(self, pixels: Tensor) -> Tensor:
        """Images of shape (n, 3, height, width), float32, of uint8 pixels (n, height, width, 3)."""
        return torch.addcmul(self._shift, pixels, self._scale).permute(0, 3, 1, 2)
