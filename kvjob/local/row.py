"""One run as it stands on this machine."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kvjob.local.causes import Cause
from kvjob.local.events import Ended, EpochDone, Event, Phase, Started, Stepped
from kvjob.study import PlannedRun

State = Literal["waiting", "running", "retry", "done", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Row:
    """A run's progress at one moment; times are those of time.monotonic()."""

    run: PlannedRun
    log: Path
    state: State = "waiting"
    phase: str = ""
    """What a running trainer does when it does not train: `starting`, `loading`, `testing`, `saving`; why a
    waiting one may not start: `held` by an earlier command, trained `elsewhere`."""
    attempts: int = 0
    epochs: int = 0
    """The most epochs it will train."""
    epoch: int = 0
    """Complete epochs."""
    resumed_from: int = 0
    """Complete epochs when the attempt began."""
    step: int = 0
    steps: int = 0
    """Of the epoch under way."""
    loss: float | None = None
    iou: float | None = None
    best_iou: float | None = None
    best_epoch: int = 0
    images_per_second: float | None = None
    epoch_seconds: float | None = None
    """Length of an epoch, smoothed."""
    epoch_began: float | None = None
    began: float | None = None
    """When the attempt began."""
    ended: float | None = None
    due: float | None = None
    """When the next attempt begins."""
    cause: Cause | None = None
    """Why the last attempt ended."""
    diverged: bool = False
    """Whether its result is that the loss stopped being finite."""
    message: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "failed", "interrupted")


def advance(row: Row, event: Event, now: float) -> Row:
    """The row after event."""
    match event:
        case Started():
            return replace(
                row,
                phase="loading",
                epochs=event.epochs,
                epoch=event.resumed_from,
                resumed_from=event.resumed_from,
                step=0,
            )
        case Stepped():
            began = now if event.epoch != row.epoch + 1 or row.epoch_began is None else row.epoch_began
            return replace(
                row,
                phase="",
                epochs=event.epochs,
                epoch=event.epoch - 1,
                step=event.step,
                steps=event.steps,
                epoch_began=began,
                images_per_second=event.images_per_second or row.images_per_second,
            )
        case EpochDone():
            before = row.epoch_seconds
            return replace(
                row,
                phase="",
                epochs=event.epochs,
                epoch=event.epoch,
                step=0,
                loss=event.loss,
                iou=event.iou,
                best_iou=event.best_iou,
                best_epoch=event.best_epoch,
                images_per_second=event.images_per_second,
                epoch_seconds=event.seconds if before is None else (before + event.seconds) / 2,
                epoch_began=now,
            )
        case Phase():
            return replace(row, phase=event.name)
        case Ended():
            return replace(row, diverged=event.status == "diverged", message=event.message)
