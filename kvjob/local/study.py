"""A planned study, trained on this machine."""

import sys
from pathlib import Path

from rich.console import Console

from kvjob.local.elsewhere import elsewhere_of
from kvjob.local.lines import LinesView
from kvjob.local.outcome import Outcome
from kvjob.local.place import default_jobs, gpus
from kvjob.local.schedule import run_all
from kvjob.local.table import TableView
from kvjob.local.view import View, is_live
from kvjob.records.state import run_states
from kvjob.store import Store
from kvjob.study import Plan, PlannedRun


def train_study(store: Store, plan: Plan, jobs: int | None, logs: Path, cache: Path) -> Outcome:
    """Train every run of plan that has no result, and show how it goes on standard error.

    Args:
        store: holds the planned study and the data set, and receives what the runs leave.
        plan: the study's plan, as the store has it.
        jobs: runs at a time; None for as many as this machine has room for.
        logs: folder for one log per run.
        cache: folder for data that the store does not hold on this machine.

    Raises:
        ConfigurationError: jobs is below 1, or logs cannot be made.
        StoreError: the store cannot be read.
    """
    states = run_states(store, (run.key for run in plan.runs))
    done = [key for key, state in states.items() if state.kind == "done"]
    name = plan.study.name

    def command(run: PlannedRun) -> list[str]:
        program = [sys.executable, "-m", "kvjob", "train", run.key]
        return [*program, "--study", name, "--store", store.url, "--cache", str(cache)]

    jobs = default_jobs(plan.runs) if jobs is None else jobs
    view, elsewhere = choose_view(name), elsewhere_of(store)
    return run_all(plan.runs, command, jobs, logs, view, done=done, gpus=gpus(), elsewhere=elsewhere)


def choose_view(title: str) -> View:
    """The live table if standard error is a terminal that can show it, else plain lines."""
    if is_live(sys.stderr):
        return TableView(Console(stderr=True, highlight=False), title)
    return LinesView(sys.stderr, title)
