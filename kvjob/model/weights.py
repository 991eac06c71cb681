"""Encoder weights from a file."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from kvjob.errors import ConfigurationError, DataError

HEADS = ("fc.", "classifier.", "head.", "last_linear.", "conv_head.", "bn2.")
"""Prefixes of what a classifier has after the layers an encoder keeps."""


def load_encoder_weights(encoder: nn.Module, path: Path, name: str) -> None:
    """Load the state of an encoder, or of a whole network that holds one, into encoder.

    A `.safetensors` file or one saved by torch is read without executing anything it holds. Names may be
    those of torchvision and timm (`layer1.0.conv1.weight`) or of a network (`encoder.layer1…`).

    Raises:
        DataError: the file is missing, unreadable, or not a state.
        ConfigurationError: the state is another encoder's.
    """
    state = _named_as(encoder, _read(path))
    wanted = encoder.state_dict()
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    wrong = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    foreign = [key for key in state if key not in wanted and not key.removeprefix("model.").startswith(HEADS)]
    for found, what in ((missing, "lacks"), (wrong, "has another shape of"), (foreign, "has beyond it")):
        if found:
            raise ConfigurationError(
                f"these are not weights of encoder {name!r}: the file {what} {found[0]!r}"
                + (f" and {len(found) - 1} more" if len(found) > 1 else ""),
                where=f"encoder_weights {path}",
                fix="Name a file of that encoder's weights, or the encoder these belong to",
            )
    encoder.load_state_dict({key: state[key] for key in wanted if key in state}, strict=False)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        missing = isinstance(error, FileNotFoundError)
        raise DataError(
            "there is no such file" if missing else "not a file of weights that can be read safely",
            where=f"encoder_weights {path}",
            fix="Name a .safetensors file, or one that torch.save made of a state_dict",
        ) from None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(
            "holds something other than a state_dict",
            where=f"encoder_weights {path}",
            fix="Save encoder.state_dict() and name that file",
        )
    return state


def _named_as(encoder: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    if any(key.startswith("encoder.") for key in state):
        state = {
            key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")
        }
    # timm's encoders are wrapped once more, and their published weights are not
    wrapped = all(key.startswith("model.") for key in encoder.state_dict())
    if wrapped and not any(key.startswith("model.") for key in state):
        state = {f"model.{key}": value for key, value in state.items()}
    return state
