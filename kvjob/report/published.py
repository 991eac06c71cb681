"""What others have published, as data; only values with a known source are filled in."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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


class Paper(_Part):
    """The paper whose study kvjob repeats."""

    note: str
    """What a reader must know to compare with it."""
    model: PublishedModel
    tables: tuple[PublishedTable, ...]


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
    others: Others

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
