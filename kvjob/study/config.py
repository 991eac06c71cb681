"""The configuration of one run: every value that can change its result, and nothing else."""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kvjob.errors import ConfigurationError

Augmentation = Literal["none", "horizontal-flip", "brightness-contrast", "gaussian-blur"]
Optimizer = Literal["adam", "sgd", "rmsprop"]
Activation = Literal["relu", "sigmoid", "tanh"]
Loss = Literal["bce", "dice", "bce+dice"]
Protocol = Literal["held-out", "test-steered"]
Precision = Literal["float32", "bfloat16"]

HUB_WEIGHTS = ("imagenet", "none")
"""Values of `encoder_weights` that are not files."""

OUTPUT_STRIDE = 16
"""The encoder's output stride; `input_size` must be a multiple of it."""


class TrainConfig(BaseModel):
    """One run's configuration. Two equal configurations are the same run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True)

    encoder: str = Field("resnet50", max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Encoder of DeepLabV3+, by its name in segmentation-models-pytorch (`tu-NAME` for timm's);
    never one of a model hub's addresses, which timm would download."""
    encoder_weights: str = Field("imagenet", min_length=1, max_length=1000)
    """Initial weights of the encoder: `imagenet`, `none`, or a file of them."""
    resolution: int = Field(256, ge=8, le=4096)
    """Side in pixels to which an image is shrunk before it is brought to `input_size`; the same as
    `input_size` unless given."""
    input_size: int = Field(256, ge=32, le=2048, multiple_of=OUTPUT_STRIDE)
    """Side in pixels of the square the network sees and is scored at."""
    augmentation: Augmentation = "none"
    """Transformation of the training images, drawn anew each epoch."""
    optimizer: Optimizer = "adam"
    """Optimiser; betas, alpha and epsilon are PyTorch's defaults."""
    learning_rate: float = Field(1e-4, gt=0, le=10, allow_inf_nan=False)
    """Initial step size."""
    momentum: float = Field(0.9, ge=0, lt=1, allow_inf_nan=False)
    """Momentum of `sgd`; the other optimisers ignore it."""
    weight_decay: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)
    """L2 penalty as PyTorch's optimisers apply it."""
    activation: Activation = "relu"
    """Hidden activation in the part of the network that `activation_scope` names."""
    activation_scope: Literal["decoder", "all"] = "decoder"
    """Where `activation` replaces the network's own hidden activations."""
    loss: Loss = "bce"
    """Training loss on the logits: binary cross-entropy, soft Dice, or their sum."""
    batch_size: int = Field(8, ge=1, le=4096)
    """Images per optimiser step; at least 2, because BatchNorm has no variance over one."""
    epochs: int = Field(100, ge=1, le=100_000)
    """The most epochs to train."""
    early_stop_patience: int = Field(15, ge=1, le=100_000)
    """Epochs without a better validation IoU after which training stops."""
    lr_patience: int = Field(5, ge=1, le=100_000)
    """Epochs without a lower validation loss after which the learning rate falls to a tenth."""
    train_fraction: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    """Share of the training images used; smaller shares are subsets of larger ones."""
    protocol: Protocol = "held-out"
    """`held-out` carves validation from the training set; `test-steered` lets the test set decide when
    to stop, as the paper did."""
    precision: Precision = "float32"
    """Arithmetic of forward and backward pass; the loss and the weights stay float32."""
    deterministic: bool = False
    """On a GPU: use only kernels whose results repeat exactly. A CPU always repeats."""
    cpu_threads: int = Field(1, ge=1, le=1024)
    """Threads of CPU arithmetic. Sums depend on it, so it is part of the run's identity."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of initial weights, data order and augmentation."""

    @model_validator(mode="before")
    @classmethod
    def _resolution_follows_input_size(cls, values: Any) -> Any:
        if isinstance(values, dict) and "resolution" not in values:
            return {**values, "resolution": values.get("input_size", 256)}
        return values

    @field_validator("batch_size")
    @classmethod
    def _batch_has_variance(cls, value: int) -> int:
        if value < 2:
            raise ValueError("BatchNorm has no variance over a batch of one image; allowed are 2 to 4096")
        return value

    def canonical(self) -> str:
        """The configuration as JSON with sorted keys: equal text, equal configuration."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))


def train_config(values: dict[str, Any], where: str) -> TrainConfig:
    """Validate values; ConfigurationError names each refused field, its value and what is allowed."""
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise refused(error, where, sorted(TrainConfig.model_fields)) from None


def refused(error: ValidationError, where: str, fields: list[str]) -> ConfigurationError:
    """Turn pydantic's findings into one message; fields are those a user may set."""
    items = error.errors(include_url=False)
    findings = []
    for item in items:
        field = ".".join(str(part) for part in item["loc"]) or "configuration"
        if any(item["loc"] == other["loc"][: len(item["loc"])] for other in items if other is not item):
            continue  # a container refused because of what it holds, which is named itself
        if item["type"] == "extra_forbidden":
            findings.append(f"unknown field {field!r}; the fields are {', '.join(fields)}")
        elif item["type"] == "missing":
            findings.append(f"{field}: missing")
        else:
            shown = f" {_shorten(item['input'])}" if item["loc"] else ""
            findings.append(f"{field}{shown}: {item['msg'].removeprefix('Value error, ')}")
    return ConfigurationError("; ".join(findings), where=where, fix="Correct it and run the command again")


def _shorten(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def run_key(config: TrainConfig, code: str, dataset: str) -> str:
    """12 hexadecimal digits that name a run: same key, same result.

    Args:
        config: the run's configuration.
        code: hash of the sources that decide a result (see kvjob.study.code).
        dataset: hash of the data set.
    """
    text = "\n".join((config.canonical(), code, dataset))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
