"""One run as the store tells it, in the few numbers that an exporter keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from kvjob.observe.values import RunValues, run_values
from kvjob.records.attempt import Attempt
from kvjob.records.live import Saved
from kvjob.records.run import EpochRow, Result
from kvjob.records.state import state_of
from kvjob.records.wasted import lost_seconds, wasted_seconds

State = Literal["new", "running", "resume", "done", "failed", "diverged"]
STATES: tuple[State, ...] = ("new", "running", "resume", "done", "failed", "diverged")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run between two listings. Attempts are kept with their last epoch only: a run may have thousands."""

    values: RunValues = field(default_factory=RunValues)
    attempts: tuple[Attempt, ...] = ()
    status: Literal["finished", "diverged", ""] = ""
    """Of its result; empty if it has none."""
    test_iou: float | None = None
    seconds: float = 0.0
    gpu_seconds: float = 0.0
    wasted: Mapping[str, float] = field(default_factory=dict)
    """Seconds by cause, of all attempts but the last."""
    last_lost: float = 0.0
    """Seconds of the last attempt that are lost unless it goes on."""
    damaged: bool = False
    """Whether one of its records cannot be read."""

    def state(self, now: datetime) -> State:
        """The run's state; a diverged one is not called done here."""
        if self.damaged:
            return "failed"
        if self.status:
            return "diverged" if self.status == "diverged" else "done"
        return state_of(self.attempts, None, now).kind

    def served_live(self, study: str, state: State) -> bool:
        """Whether its trainer serves its values itself, under the name of that study."""
        return state == "running" and self.attempts[-1].metrics_study == study

    def settled(self, state: State) -> RunValues:
        """Its values; an attempt that fell silent is called lost, as the next one will record it."""
        causes = self.values.attempts
        if state == "running" or "running" not in causes:
            return self.values
        renamed = {**causes, "lost": causes.get("lost", 0) + causes["running"]}
        del renamed["running"]
        return replace(self.values, attempts=renamed)

    def wasted_now(self, state: State) -> Mapping[str, float]:
        """Seconds wasted by cause, the last attempt's included if the run stands still."""
        if not self.attempts or state not in ("resume", "failed"):
            return self.wasted
        cause = self.attempts[-1].cause
        cause = "lost" if cause == "running" else cause
        return {**self.wasted, cause: self.wasted.get(cause, 0.0) + self.last_lost}


def summarise(
    attempts: tuple[Attempt, ...],
    history: tuple[EpochRow, ...],
    result: Result | None,
    checkpoint: Saved | None,
) -> RunSummary:
    """The summary of what a run's records hold."""
    test = result.test if result and result.status == "finished" else None
    return RunSummary(
        values=run_values(attempts, history, result, checkpoint),
        attempts=tuple(each.model_copy(update={"epochs": each.epochs[-1:]}) for each in attempts),
        status=result.status if result else "",
        test_iou=test.mean_over_images.iou if test else None,
        seconds=sum(attempt.seconds for attempt in attempts),
        gpu_seconds=sum(attempt.seconds for attempt in attempts if attempt.device_kind == "cuda"),
        wasted=wasted_seconds(attempts),
        last_lost=lost_seconds(attempts[-1]) if attempts else 0.0,
    )
