"""What others have published, as data; only values and claims with a known source are filled in."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kvjob.errors import ConfigurationError

BUILT_IN = Path(__file__).with_name("published.json")

Ratio = Field(default=None, ge=0, le=1, allow_inf_nan=False)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PublishedScores(_Part):
    """Scores on the test set as printed; null is a cell that is not at hand."""

    loss: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    accuracy: float | None = Ratio
    iou: float | None = Ratio
    dice: float | None = Ratio
    precision: float | None = Ratio
    recall: float | None = Ratio


class PublishedTable(_Part):
    """One of the paper's tables of results."""

    number: int = Field(ge=2, le=4)
    experiment: str
    """Name of the experiment in the catalogue."""
    levels: dict[str, PublishedScores]
    """The row of each level, by the level's name in the catalogue."""


class PublishedModel(_Part):
    """Table I of the paper."""

    parameters: int | None = Field(default=None, ge=1)
    """Total of the network."""
    trainable: int | None = Field(default=None, ge=1)


Says = Literal["best", "better", "worse", "no difference"]


class Claim(_Part):
    """A sentence about levels of one factor that a study can confirm, contradict, or leave undecided."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    """Short name, unlike that of any other claim or question of the file."""
    text: str = Field(min_length=1, max_length=300)
    """The claim as a sentence without a full stop, or the question with its mark."""
    source: str = Field(min_length=1, max_length=300)
    """Where it stands, or what raises it."""
    experiment: str
    """Name of the experiment in the study."""
    level: str
    """Name of the level that it is about."""
    says: Says
    """`best`: above every other level; else how `level` compares with each level of `than`, by IoU."""
    than: tuple[str, ...] = ()
    """Names of the levels it is compared with; with `best`, all others of the experiment unless given."""
    margin: float = Field(1.0, gt=0, le=100, allow_inf_nan=False)
    """With `no difference`: points of IoU within which two levels count as alike."""

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if self.says != "best" and not self.than:
            raise ValueError(f"'than' is missing: name the levels that {self.level!r} is compared with")
        if self.level in self.than:
            raise ValueError(f"{self.level!r} is compared with itself")
        return self


class PaperProtocol(_Part):
    """How the paper trained and scored, in the words of TrainConfig; null is what is not at hand."""

    data: str
    """Data set and split."""
    encoder: str | None = None
    """Encoder, by its name in TrainConfig."""
    encoder_weights: str | None = None
    """Its initial weights."""
    input_size: int | None = Field(default=None, ge=1)
    """Side of the square that the network saw, in pixels."""
    protocol: Literal["held-out", "test-steered"] | None = None
    """Whether the test set was held out or steered training."""
    epochs: int | None = Field(default=None, ge=1)
    """Most epochs."""
    early_stop_patience: int | None = Field(default=None, ge=1)
    """Epochs without a better score after which training stopped."""
    batch_size: int | None = Field(default=None, ge=1)
    """Images per step."""
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Initial step size."""
    seeds: int | None = Field(default=None, ge=1)
    """Replicates of each configuration."""
    scores: Literal["mean over images", "over all pixels"] | None = None
    """Which definition of its scores."""


class Paper(_Part):
    """The paper whose study kvjob repeats."""

    note: str
    """What a reader must know to compare with it."""
    protocol: PaperProtocol = PaperProtocol(data="Kvasir-Instrument")
    """How the paper trained and scored."""
    model: PublishedModel
    tables: tuple[PublishedTable, ...]
    claims: tuple[Claim, ...] = ()
    """What the paper says, each with where it says it."""


class OtherResult(_Part):
    """A result of somebody else on the same data and split."""

    method: str
    source: str
    dice: float = Field(ge=0, le=1)
    iou: float = Field(ge=0, le=1)


class Others(_Part):
    """Results of others, which share a protocol."""

    note: str
    results: tuple[OtherResult, ...]


class Published(_Part):
    """The whole file."""

    format: Literal[1] = 1
    paper: Paper
    questions: tuple[Claim, ...] = ()
    """What the experiments ask; nobody is known to have claimed it."""
    others: Others

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [claim.name for claim in (*self.paper.claims, *self.questions)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two claims are named {', '.join(twice)}")
        return self

    def table_numbers(self) -> dict[str, int]:
        """The paper's table of each experiment that it has one for."""
        return {table.experiment: table.number for table in self.paper.tables}

    def scores(self, experiment: str, level: str) -> PublishedScores | None:
        """The paper's row; None if it has no such level."""
        for table in self.paper.tables:
            if table.experiment == experiment:
                return table.levels.get(level)
        return None


def load_published(path: Path | None = None) -> Published:
    """Read published values from path, or those that come with kvjob.

    Raises:
        ConfigurationError: the file cannot be read or has another shape.
    """
    source = path or BUILT_IN
    try:
        return Published.model_validate_json(source.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            error.strerror or "cannot be read", where=str(source), fix="Name a file that can be read"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(
            f"{field}: {first['msg']}", where=str(source), fix=f"Follow the shape of {BUILT_IN.name}"
        ) from None
