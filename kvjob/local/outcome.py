"""How a study ended on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kvjob.errors import ExitCode
from kvjob.local.causes import Cause
from kvjob.local.row import Row
from kvjob.study import PlannedRun


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How one run ended on this machine."""

    run: PlannedRun
    status: Literal["done", "failed", "interrupted"]
    cause: Cause
    """Why its last attempt ended; `interrupted` if it was never started."""
    message: str
    """What went wrong, in words; of a run that is done, how it diverged if it did."""
    attempts: int
    """Processes started for it by this call."""
    log: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a study ended on this machine."""

    runs: tuple[RunOutcome, ...]
    """In the order of the plan."""
    interrupted: bool
    """Whether a signal ended it before all runs were over."""

    @property
    def failed(self) -> tuple[RunOutcome, ...]:
        """The runs that need somebody to act."""
        return tuple(run for run in self.runs if run.status == "failed")

    @property
    def exit_code(self) -> ExitCode:
        """What the command that ran the study exits with."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.RUNS_FAILED if self.failed else ExitCode.OK


def outcome_of(row: Row) -> RunOutcome:
    """The outcome of a run that is over."""
    status = row.state if row.state in ("done", "failed") else "interrupted"
    return RunOutcome(row.run, status, row.cause or "finished", row.message, row.attempts, row.log)
