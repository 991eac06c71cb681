"""Training losses on logits."""

from collections.abc import Callable

import torch
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from kvjob.study import config

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""From logits (n, 1, height, width) and masks (n, height, width) of 0 and 1 to a scalar, in float32."""


def loss_function(name: config.Loss) -> LossFunction:
    """The loss of that name, as `TrainConfig.loss` describes it."""
    dice = DiceLoss(mode="binary", from_logits=True)

    def bce_loss(logits: Tensor, masks: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(logits.squeeze(1).float(), masks.float())

    def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
        loss: Tensor = dice(logits.float(), masks.unsqueeze(1).float())
        return loss

    def both(logits: Tensor, masks: Tensor) -> Tensor:
        return torch.add(bce_loss(logits, masks), dice_loss(logits, masks))

    return {"bce": bce_loss, "dice": dice_loss, "bce+dice": both}[name]
