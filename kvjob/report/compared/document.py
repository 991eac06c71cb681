"""`compare.json`: everything that comparing two studies says, as data."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.records.document import Document
from kvjob.report.bootstrap import Comparison as Told
from kvjob.report.bootstrap import Difference, Interval
from kvjob.report.cost import Cost
from kvjob.report.measure import Measure

Verdict = Literal[
    Told, "same runs", "not comparable", "too few images", "no result", "no result in A", "no result in B"
]
"""How B stands to A by IoU. `same runs`: both look at the same trained runs; `not comparable`: their data
sets differ, so nothing pairs their images."""


class Side(BaseModel):
    """One of the two studies."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    study: str
    store: str
    """Address, without credentials."""
    planned: datetime
    runs: int
    finished: int
    """How many of the runs are."""
    test_steered: bool
    """Whether the test set decided in any run when to stop."""
    cost: Cost


class Differing(BaseModel):
    """Something that is not the same in both studies."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    a: str
    """Empty where A has no such thing; several values are separated by semicolons."""
    b: str


class LevelSide(BaseModel):
    """A level in one of the studies; measured values are None if none of its runs has finished."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    experiment: str
    level: str
    seeds: int
    """Planned replicates."""
    finished: int
    iou: Measure | None
    """Test IoU, mean over images, over seeds."""
    dice: Measure | None
    """Test Dice, likewise."""
    iou_interval: Interval | None
    """Of the mean IoU alone; None without per-image scores."""
    epochs: Measure | None
    """Epochs trained."""
    cost: Cost
    runs: tuple[str, ...]
    """Run keys, by seed."""


class LevelPair(BaseModel):
    """A level that both studies have."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    experiment: str
    """Name and level as in A."""
    level: str
    title: str
    a: LevelSide
    b: LevelSide
    iou: Difference | None
    """B less A, over the same test images; None where that cannot be told."""
    dice: Difference | None
    verdict: Verdict
    notes: tuple[str, ...]


class Comparison(Document):
    """Two studies compared."""

    kvjob: str
    """Version that compared them."""
    a: Side
    b: Side
    same_study: bool
    """Whether both sides are one study of one store."""
    same_images: bool
    """Whether both were scored on the test images of the same data set."""
    differing: tuple[Differing, ...]
    levels: tuple[LevelPair, ...]
    only_a: tuple[tuple[str, str], ...]
    """Experiment and level of those that B does not have."""
    only_b: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    """Tables, below the folder."""
