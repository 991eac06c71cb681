"""What runs cost: device-hours, and the part of them that was lost to retries."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.records.wasted import lost_seconds, wasted_seconds
from kvjob.report.read import Run

SECONDS_PER_HOUR = 3600.0
MINUTES_PER_HOUR = 60
_FEW_HOURS = 0.5


class Cost(BaseModel):
    """Device time of some runs, one device at a time each."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    hours: float
    """Wall time of all attempts, in hours."""
    wasted_hours: float
    """The part of `hours` that a later attempt had to do again or that led to nothing."""
    attempts: int
    device_kind: Literal["cpu", "cuda", "mixed"] | None
    """`mixed` if attempts ran on both, None if there were none."""

    @property
    def unit(self) -> str:
        """Name of the unit of `hours`."""
        return {"cpu": "CPU-hours", "cuda": "GPU-hours"}.get(self.device_kind or "", "device-hours")


def cost(runs: Iterable[Run]) -> Cost:
    """The cost of distinct runs."""
    runs = tuple(runs)
    attempts = [attempt for run in runs for attempt in run.attempts]
    kinds = {attempt.device_kind for attempt in attempts}
    return Cost(
        hours=sum(attempt.seconds for attempt in attempts) / SECONDS_PER_HOUR,
        wasted_hours=sum(wasted_seconds_of(run) for run in runs) / SECONDS_PER_HOUR,
        attempts=len(attempts),
        device_kind="mixed" if len(kinds) > 1 else next(iter(kinds), None),
    )


def wasted_seconds_of(run: Run) -> float:
    """Of each attempt that did not end the run: its time less the epochs that later attempts built on."""
    wasted = sum(wasted_seconds(run.attempts).values())
    if run.attempts and run.standing in ("failed", "interrupted"):
        wasted += lost_seconds(run.attempts[-1])
    return wasted


def brief(hours: Iterable[float | None]) -> bool:
    """Whether none of them is long, so that readers are told minutes; data always hold hours."""
    return max((hour for hour in hours if hour is not None), default=_FEW_HOURS + 1) <= _FEW_HOURS
