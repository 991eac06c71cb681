"""What a run leaves behind: configuration, environment, history, samples, model summary and result."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.records.document import Document
from kvjob.study.config import TrainConfig
from kvjob.study.scores import Scores

Stopped = Literal["epochs", "early-stopping", "diverged"]


class RunRecord(Document):
    """`config.json`: which run this is."""

    key: str
    config: TrainConfig
    dataset: str
    """Hash of the data set."""
    code: str
    """Hash of the sources that decide the result."""


class Environment(Document):
    """`environment.json`: with what the run was last trained."""

    kvjob: str
    """Version."""
    image: str
    """Reference of the container image, empty outside a container."""
    python: str
    platform: str
    libraries: dict[str, str]
    """Version of each library that takes part in the result."""
    device: str
    """Name of the GPU or CPU."""
    cuda: str
    """CUDA version of torch, empty on a CPU."""


class PhaseScores(BaseModel):
    """Loss and scores of one pass over a set of images."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    loss: float
    """Mean loss per image."""
    mean_over_images: Scores
    over_all_pixels: Scores


class EpochRow(BaseModel):
    """One epoch of a run. It holds no times, so that equal runs have equal histories."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    epoch: int
    """Numbered from 1."""
    learning_rate: float
    """Step size used during the epoch."""
    train: PhaseScores
    """As met during training: augmented images, weights still moving, BatchNorm in training mode."""
    validation: PhaseScores
    best: bool
    """Whether validation IoU (mean over images) was higher than in every epoch before."""


class History(Document):
    """`history.json`: one row per epoch, in order, without gaps or doubles."""

    rows: tuple[EpochRow, ...] = ()


class Result(Document):
    """`result.json`, written last: the run is over."""

    key: str
    status: Literal["finished", "diverged"]
    stopped: Stopped
    """What ended training: all epochs done, no better validation IoU for `early_stop_patience`, or a loss
    that was not finite."""
    message: str = ""
    """For a diverged run: where the loss stopped being finite."""
    epochs: int
    """Complete epochs trained."""
    best_epoch: int
    """The epoch whose weights are kept and scored; 0 if none was completed."""
    images: dict[str, int]
    """Number of images in `train`, `validation` and `test`."""
    validation: PhaseScores | None
    """Of the best epoch."""
    test: PhaseScores | None
    """Of the best epoch's weights; absent if no epoch was completed."""


class Sample(BaseModel):
    """One test image with what the run predicted; every value is a file name beside the index.

    Pictures are 8-bit PNG of side `input_size`: images RGB as the network saw them, masks 0 or 255,
    probabilities 0 to 255.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """Name of the image in the data set."""
    image: str
    mask: str
    probability: str
    augmented_image: str | None = None
    """The image after the run's augmentation, applied for certain; absent if it has none."""
    augmented_mask: str | None = None
    augmented_probability: str | None = None


class SampleIndex(Document):
    """`samples/index.json`: the same test images in every run of a data set."""

    samples: tuple[Sample, ...]


class LayerGroup(BaseModel):
    """One row of Table I."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    output_shape: tuple[int, ...]
    """Channels, height, width."""
    parameters: int


class ModelSummary(Document):
    """`model.json`: the network, group by group (Table I of the paper)."""

    encoder: str
    input_shape: tuple[int, ...]
    """Channels, height, width."""
    groups: tuple[LayerGroup, ...]
    parameters: int
    trainable: int
