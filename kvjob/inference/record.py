"""`export.json`: an export as data."""

from pydantic import BaseModel, ConfigDict

from kvjob.records.checkpoint import FileSum
from kvjob.records.document import Document
from kvjob.records.run import Environment
from kvjob.study.config import TrainConfig

RECORD, CARD, ONNX, TORCHSCRIPT = "export.json", "README.md", "model.onnx", "model.torchscript.pt"


class TensorSpec(BaseModel):
    """An input or output of the model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    """Numbers, or names of sizes that may vary."""
    about: str


class Training(BaseModel):
    """The run that the model is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str
    study: str | None
    """The study it was chosen from, if one was named."""
    chosen: str
    """How it was chosen."""
    config: TrainConfig
    code: str
    """Hash of the sources that decided the result."""
    environment: Environment | None
    epochs: int
    best_epoch: int
    validation_iou: float | None
    """IoU, mean over images, after the best epoch."""
    steered: bool
    """Whether the test set decided when to stop, so that its scores say too much."""


class DataFacts(BaseModel):
    """The data set of the run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dataset: str
    """Its hash."""
    origin: str
    """`kvasir-instrument`, `synthetic` or `unknown`."""
    images: dict[str, int]
    """Number of images in `train`, `validation` and `test`."""


class Agreement(BaseModel):
    """Counts of an exported model beside the trainer's, over the test set."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    images: int
    """Test images."""
    identical: int
    """Of them, those that were predicted as the trainer did."""
    pixels: int
    """Pixels of all of them, at the network's size."""
    pixels_otherwise: int
    """Pixels that were predicted otherwise."""
    by_pixel: bool
    """Whether each pixel was compared with the prediction that the trainer kept. Runs of before it kept any
    left counts alone; the number is then the least that these allow: differences of TP and FP."""
    iou: float
    """IoU, mean over images, of the exported model."""
    iou_trained: float
    """The same of the trainer."""
    largest_iou_difference: float
    """The largest difference of an image's IoU."""
    tolerance: float
    """Share of pixels that may be predicted otherwise."""

    @property
    def holds(self) -> bool:
        """Whether the model may be called the run's."""
        return self.pixels_otherwise <= self.tolerance * self.pixels


class Interval(BaseModel):
    """A score with its 95 % percentile bootstrap interval over test images; all 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    value: float
    low: float | None
    """None if there is one test image only, of which nothing can be resampled."""
    high: float | None


class IntervalScores(BaseModel):
    """The five scores in both definitions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean_over_images: dict[str, Interval]
    """The mean of each image's score."""
    over_all_pixels: dict[str, Interval]
    """The score of all pixels taken together."""


class ExportRecord(Document):
    """An export, written last into its folder."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    threshold: float
    """A pixel is instrument where its probability is at least this."""
    opset: int
    """Version of the operators in the ONNX model."""
    parameters: int
    files: dict[str, FileSum]
    """Size and checksum of each model file."""
    run: Training
    data: DataFacts
    test: IntervalScores
    """The run's scores on the test set."""
    agreement: dict[str, Agreement]
    """For each model file, how far it agrees with the trainer on the test set; empty if nobody looked."""
    exporter: dict[str, str]
    """Versions of what wrote the export."""
    exporter_code: str
    """Hash of the sources that decide results, at the time of the export."""
