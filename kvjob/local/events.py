"""What a trainer tells about itself while it trains: one JSON object a line, through a pipe."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

LONGEST_LINE = 64 * 1024
"""Bytes after which a line without an end is taken for garbage."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Started(_Event):
    """Training is about to begin or to go on."""

    event: Literal["start"]
    epochs: int = Field(ge=1)
    """The most epochs it will train."""
    resumed_from: int = Field(ge=0)
    """Epoch of the checkpoint it continues, 0 if it begins anew."""


class Stepped(_Event):
    """One optimiser step is done."""

    event: Literal["step"]
    epoch: int = Field(ge=1)
    """The epoch under way, numbered from 1."""
    epochs: int = Field(ge=1)
    step: int = Field(ge=0)
    """Steps done in this epoch."""
    steps: int = Field(ge=1)
    images_per_second: float | None = None


class EpochDone(_Event):
    """One epoch is trained and validated."""

    event: Literal["epoch"]
    epoch: int = Field(ge=1)
    epochs: int = Field(ge=1)
    loss: float
    """Validation loss."""
    iou: float
    """Validation IoU, mean over images, 0 to 1."""
    best_iou: float
    best_epoch: int = Field(ge=0)
    seconds: float = Field(ge=0)
    """From the start of the epoch to the end of its validation."""
    images_per_second: float


class Phase(_Event):
    """The trainer does something else than train."""

    event: Literal["phase"]
    name: str = Field(max_length=40)
    """`loading`, `testing` or `saving`."""


class Ended(_Event):
    """The run has a result, and the process is about to exit with code 0."""

    event: Literal["end"]
    status: Literal["finished", "diverged"]
    message: str = ""


Event = Started | Stepped | EpochDone | Phase | Ended

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


class EventLines:
    """Turns a stream of bytes into events; what is not an event is passed over."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that data completes, in order."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        if len(self._begun) > LONGEST_LINE:
            self._begun = b""
        for line in lines:
            try:
                yield _EVENT.validate_json(line)
            except ValidationError:
                # A library may write to the pipe by accident, and a newer trainer may tell more.
                continue
