"""All that a run needs to go on: taken from a live network, turned into bytes and back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from kvjob.records.checkpoint import MODEL, STATE, TRAINING, readable, training_state
from kvjob.records.run import EpochRow
from kvjob.train.stopping import EarlyStopping


@dataclass(slots=True)
class Learner:
    """What training changes, beside the history."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: ReduceLROnPlateau
    stopping: EarlyStopping


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after an epoch, in CPU memory, untouched by what the network does next.

    No random state is among it: data order, augmentation and dropout are functions of seed and epoch.
    """

    epoch: int
    best: bool
    """Whether this epoch is the best so far."""
    iou: float
    """Validation IoU (mean over images) of this epoch."""
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]
    """JSON values: schedule, early stopping, step sizes, history."""
    history: tuple[EpochRow, ...]


def take(learner: Learner, history: tuple[EpochRow, ...]) -> Snapshot:
    """Copy the state of learner after the last epoch of history."""
    last = history[-1]
    stopping = learner.stopping
    state = {
        "epoch": last.epoch,
        "learning_rates": [group["lr"] for group in learner.optimizer.param_groups],
        "schedule": {
            name: value
            for name, value in learner.schedule.state_dict().items()
            if isinstance(value, int | float | str | bool | None)
        },
        "best_iou": stopping.best_iou,
        "best_epoch": stopping.best_epoch,
        "history": [row.model_dump() for row in history],
    }
    return Snapshot(
        epoch=last.epoch,
        best=last.best,
        iou=last.validation.mean_over_images.iou,
        model={name: _copy(value) for name, value in learner.network.state_dict().items()},
        optimizer=_optimizer_tensors(learner.optimizer),
        state=state,
        history=history,
    )


def encode(snapshot: Snapshot) -> dict[str, bytes]:
    """The files of a checkpoint; equal snapshots are equal bytes."""
    metadata = {STATE: json.dumps(snapshot.state, sort_keys=True)}
    return {
        MODEL: safetensors.torch.save(snapshot.model),
        TRAINING: safetensors.torch.save(snapshot.optimizer, metadata),
    }


def restore(learner: Learner, files: dict[str, bytes]) -> tuple[EpochRow, ...]:
    """Put learner into the state that encode wrote; the history up to there."""
    load_model(learner.network, files[MODEL])
    with _of_this_network(TRAINING):
        state = training_state(files)
        _load_optimizer(learner.optimizer, safetensors.torch.load(files[TRAINING]), state["learning_rates"])
        learner.schedule.load_state_dict(state["schedule"])
        learner.stopping.best_iou, learner.stopping.best_epoch = state["best_iou"], state["best_epoch"]
    return history_of(files)


def history_of(files: dict[str, bytes]) -> tuple[EpochRow, ...]:
    """The history up to the checkpoint that files hold."""
    with readable(TRAINING):
        return tuple(EpochRow.model_validate(row) for row in training_state(files)["history"])


def load_model(network: nn.Module, data: bytes) -> None:
    """Load the bytes of a MODEL file into network."""
    with _of_this_network(MODEL):
        network.load_state_dict(safetensors.torch.load(data))


@contextmanager
def _of_this_network(name: str) -> Iterator[None]:
    """As readable, also for tensors of another name or shape, of which torch raises RuntimeError."""
    with readable(name, AttributeError, RuntimeError, safetensors.SafetensorError):
        try:
            yield
        except torch.OutOfMemoryError as error:  # a RuntimeError, and nothing that the file is to blame for
            full = error
        else:
            return
    raise full


def _copy(value: Tensor) -> Tensor:
    return value.detach().to("cpu", copy=True).contiguous()


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{index:04}.{name}": _copy(value)
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def _load_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], learning_rates: list[float]
) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for path, value in tensors.items():
        index, name = path.split(".", 1)
        # a moment laid out otherwise than its parameter would cost the fused kernels a copy per step
        layout = torch.channels_last if value.dim() == 4 else torch.contiguous_format
        state.setdefault(int(index), {})[name] = value.contiguous(memory_format=layout)
    whole = optimizer.state_dict()
    for group, rate in zip(whole["param_groups"], learning_rates, strict=True):
        group["lr"] = rate
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
