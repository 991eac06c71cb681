"""Keeps a number of trainers busy until every run of a plan is over."""

import selectors
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kvjob.errors import ConfigurationError
from kvjob.local.board import Board
from kvjob.local.causes import BUDGETS, FINAL, Cause, cause_of, killed_by
from kvjob.local.elsewhere import Elsewhere
from kvjob.local.outcome import Outcome, outcome_of
from kvjob.local.place import trainer_environment
from kvjob.local.row import Row, advance
from kvjob.local.stop import StopWish
from kvjob.local.trainer import LogBusy, Trainer
from kvjob.local.view import Painter, View
from kvjob.records.budget import SUBMISSION, Budget, Tally
from kvjob.study import PlannedRun

WAIT_SECONDS = 0.1
"""How long the loop sleeps when no trainer has anything to tell."""

BUSY_SECONDS = 1.0
"""Pause before a run is tried again that a trainer of an earlier command still holds."""

ELSEWHERE_SECONDS = 5.0
"""Pause before a run is looked at again that somebody else trains."""

Command = Callable[[PlannedRun], list[str]]


def run_all(
    runs: Sequence[PlannedRun],
    command: Command,
    jobs: int,
    logs: Path,
    view: View,
    *,
    done: Collection[str] = (),
    gpus: Sequence[str] = (),
    budgets: Mapping[Cause, Budget] = BUDGETS,
    elsewhere: Elsewhere = lambda _key: "",
) -> Outcome:
    """Train runs in their order, at most jobs at a time, and return when all are over or a signal came.

    A run that ends for a cause with a budget is tried again; none stops the others. SIGINT, SIGTERM and
    SIGHUP ask every trainer to save and wait for it; a second SIGINT kills them. Call it on the main
    thread: signals arrive there, and the trainers live no longer than the thread that starts them.

    Args:
        runs: the plan.
        command: the trainer's command line for a run; it must exit with kvjob's exit codes.
        jobs: trainers at a time, at least 1.
        logs: folder for one log per run, `<key>.log`; made if it is missing.
        view: shows the progress.
        done: keys that have a result already: shown, not started.
        gpus: identifiers for CUDA_VISIBLE_DEVICES, dealt out to the trainers in turn; none if empty.
        budgets: how many attempts in a row each cause may end; after any other, there is no second one.
        elsewhere: asked before a run is started whether somebody else trains it; then it waits for that one's
            end or silence.

    Raises:
        ConfigurationError: jobs is below 1, or logs cannot be made.
    """
    if jobs < 1:
        raise ConfigurationError(f"{jobs} jobs cannot train anything", where="jobs", fix="Give 1 or more")
    _make(logs)
    with StopWish() as stop:
        work = _Work(
            runs, command, jobs, logs, stop, done=done, gpus=gpus, budgets=budgets, elsewhere=elsewhere
        )
        with Painter(view, work.board) as painter:
            return work.run(painter)


def _make(logs: Path) -> None:
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be made: {error.strerror or error}",
            where=str(logs),
            fix="Choose another folder for the logs",
        ) from None


class _Work:
    """The state of one call of run_all; only its own thread changes it."""

    def __init__(
        self,
        runs: Sequence[PlannedRun],
        command: Command,
        jobs: int,
        logs: Path,
        stop: StopWish,
        *,
        done: Collection[str],
        gpus: Sequence[str],
        budgets: Mapping[Cause, Budget],
        elsewhere: Elsewhere,
    ) -> None:
        self._command, self._jobs, self._stop = command, jobs, stop
        self._gpus, self._budgets, self._elsewhere = gpus, budgets, elsewhere
        self._rows = {
            run.key: Row(
                run,
                logs / f"{run.key}.log",
                state="done" if run.key in done else "waiting",
                epochs=run.config.epochs,
            )
            for run in runs
        }
        self._tallies = {run.key: Tally() for run in runs}
        self._submission = str(uuid.uuid4())
        self._trainers: dict[str, Trainer] = {}
        self._places: dict[str, int] = {}
        self._pipes = selectors.DefaultSelector()
        self._began = time.monotonic()
        self._asked = ""
        self._show: Callable[[Row], None]

    def board(self) -> Board:
        """The state at this moment; safe on any thread."""
        rows = tuple(self._rows.values())
        return Board(rows, self._jobs, self._began, time.monotonic(), self._stop.wish)

    def run(self, painter: Painter) -> Outcome:
        """Work until all runs are over or a signal came and all trainers ended."""
        self._show = painter.show
        try:
            while self._trainers or (not self._stop.wish and self._unfinished()):
                self._pass_on_signals()
                if not self._stop.wish:
                    self._start_due()
                self._listen()
                self._reap()
        finally:
            # Reached with trainers only by a defect: nothing of a study may outlive it.
            for trainer in self._trainers.values():
                trainer.kill()
                trainer.close()
            self._pipes.close()
        for row in self._unfinished():
            self._put(replace(row, state="interrupted", cause="interrupted", message=""))
        outcomes = tuple(outcome_of(row) for row in self._rows.values())
        return Outcome(outcomes, interrupted=any(run.status == "interrupted" for run in outcomes))

    def _put(self, row: Row) -> None:
        self._rows[row.run.key] = row
        self._show(row)

    def _unfinished(self) -> list[Row]:
        return [row for row in self._rows.values() if not row.over]

    def _pass_on_signals(self) -> None:
        if self._stop.wish == self._asked:
            return
        self._asked = self._stop.wish
        for trainer in self._trainers.values():
            trainer.kill() if self._asked == "killing" else trainer.ask_to_stop()

    def _start_due(self) -> None:
        now = time.monotonic()
        for row in self._unfinished():
            if len(self._trainers) >= self._jobs:
                return
            if row.state != "running" and (row.due is None or row.due <= now):
                self._start(row, now)

    def _start(self, row: Row, now: float) -> None:
        key, attempt = row.run.key, row.attempts + 1
        if where := self._elsewhere(key):
            due = now + ELSEWHERE_SECONDS
            self._put(replace(row, state="waiting", phase="elsewhere", message=where, due=due))
            return
        place = min(set(range(self._jobs)) - set(self._places.values()))
        environment = {**trainer_environment(row.run, self._gpus, place), SUBMISSION: self._submission}
        try:
            trainer = Trainer.start(self._command(row.run), row.log, environment, attempt)
        except LogBusy:
            self._put(replace(row, due=now + BUSY_SECONDS, phase="held"))
            return
        except OSError as error:
            row = replace(row, attempts=attempt, resumed_from=row.epoch)
            self._end(row, "not-started", error.strerror or str(error))
            return
        self._trainers[key], self._places[key] = trainer, place
        self._pipes.register(trainer.pipe, selectors.EVENT_READ, key)
        self._put(
            replace(
                row,
                state="running",
                phase="starting",
                attempts=attempt,
                resumed_from=row.epoch,
                began=now,
                epoch_began=None,
                due=None,
                message="",
            )
        )

    def _listen(self) -> None:
        for ready, _ in self._pipes.select(WAIT_SECONDS):
            self._hear(ready.data)

    def _hear(self, key: str) -> None:
        trainer = self._trainers[key]
        events, more = trainer.hear()
        now = time.monotonic()
        for event in events:
            self._put(advance(self._rows[key], event, now))
        if not more and trainer.pipe in self._pipes.get_map():
            self._pipes.unregister(trainer.pipe)

    def _reap(self) -> None:
        for key, trainer in list(self._trainers.items()):
            code = trainer.exit_code()
            if code is None:
                continue
            # What it told last may still lie in the pipe.
            self._hear(key)
            if trainer.pipe in self._pipes.get_map():
                self._pipes.unregister(trainer.pipe)
            trainer.close()
            del self._trainers[key], self._places[key]
            cause = cause_of(code)
            message = (
                killed_by(code) if code < 0 or code > 128 else trainer.last_words() or f"exit code {code}"
            )
            self._end(self._rows[key], cause, message)

    def _end(self, row: Row, cause: Cause, message: str) -> None:
        now = time.monotonic()
        row = replace(row, cause=cause, phase="", step=0, ended=now, epoch_began=None)
        if cause == "finished":
            self._put(replace(row, state="done"))
            return
        row = replace(row, message=message)
        tally, budget = self._tallies[row.run.key], self._budgets.get(cause)
        tally.add(cause, further=row.epoch > row.resumed_from)
        wait = budget.wait(tally[cause]) if budget else None
        if self._stop.wish and cause not in FINAL:
            self._put(replace(row, state="interrupted"))
        elif wait is None:
            self._put(replace(row, state="failed"))
        else:
            self._put(replace(row, state="retry", due=now + wait))
