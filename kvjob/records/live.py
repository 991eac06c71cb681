"""What a run is doing at this moment, for whoever looks on from another thread of its process."""

from collections.abc import Callable
from dataclasses import dataclass

from kvjob.records.attempt import Attempt
from kvjob.records.run import EpochRow, Result
from kvjob.study.plan import PlannedRun


@dataclass(frozen=True, slots=True)
class Gpu:
    """The GPU at one moment."""

    memory_bytes: int
    """Held by this process's tensors."""
    utilization: float | None
    """Share of the time in which a kernel ran, 0 to 1; None where the driver does not tell (MIG)."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that is in the store."""

    at: float
    """Unix time of its pointer."""
    size: int
    """Bytes of its files."""


@dataclass(slots=True)
class Live:
    """The trainer stores into it and never reads it, so that being looked at costs the loop nothing.

    Every value is immutable and replaced as a whole: a reader in another thread sees each one whole, though
    two of them may be a step apart.
    """

    watched: bool = False
    """Whether somebody serves these values as metrics; the attempt's record says so."""
    study: str = ""
    run: PlannedRun | None = None
    """Nothing before the plan is read."""
    attempts: tuple[Attempt, ...] = ()
    """All so far, this one last."""
    history: tuple[EpochRow, ...] = ()
    """Complete epochs."""
    epoch_began: float = 0.0
    """Unix time; 0 before the first epoch of this attempt."""
    step: int = 0
    """Steps done in this epoch."""
    steps: int = 0
    """Steps of an epoch."""
    progressed: float = 0.0
    """Unix time of the last step, or of the last batch scored."""
    phase: str = "loading"
    """`loading`, `training` (validation is a part of it), `saving` or `testing`."""
    alive: float = 0.0
    """Unix time of the last sign of life that is no step: an operation of the store came to an end."""
    checkpoint: Saved | None = None
    """The last that this attempt wrote."""
    diverged: bool = False
    """Whether the loss stopped being finite."""
    result: Result | None = None
    gpu: Callable[[], Gpu | None] = lambda: None
    """Asks the driver when it is called, from any thread; None without a GPU."""
