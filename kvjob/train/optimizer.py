"""The optimiser and the schedule of its step size."""

from collections.abc import Iterable

import torch
from torch.nn import Parameter
from torch.optim.lr_scheduler import ReduceLROnPlateau

from kvjob.study.config import TrainConfig

LR_FACTOR = 0.1
"""What a plateau multiplies the learning rate by."""


def make_optimizer(config: TrainConfig, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
    """The optimiser that config names, in torch's fastest form of it."""
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=config.momentum, fused=True)
    return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay, foreach=True)


def make_schedule(config: TrainConfig, optimizer: torch.optim.Optimizer) -> ReduceLROnPlateau:
    """Lower the step size when validation loss has not fallen for `lr_patience` epochs."""
    return ReduceLROnPlateau(optimizer, mode="min", factor=LR_FACTOR, patience=config.lr_patience)
