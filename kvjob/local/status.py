"""How far a study is: from the store, wherever its runs are trained, and from the place that trains them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from kvjob.errors import ConfigurationError, DataError
from kvjob.local.status_place import Look, PlaceFact
from kvjob.records import layout
from kvjob.records.document import find_document
from kvjob.records.run import EpochRow, History
from kvjob.records.snapshot import Snapshot
from kvjob.records.state import RunState, StateKind, run_state
from kvjob.records.study import read_study
from kvjob.store import KeyMissing, Store
from kvjob.study import PlannedRun


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One run of a study; `dataclasses.asdict` and a JSON encoder with `default=str` make it JSON."""

    key: str
    title: str
    seed: int
    state: StateKind
    why: str
    """The reason for the state, in words."""
    epoch: int
    """Complete epochs."""
    epochs: int
    """The most epochs it will train."""
    best_iou: float | None
    """Best validation IoU so far, mean over images."""
    best_epoch: int
    test_iou: float | None
    """Test IoU of the best epoch, once it is done."""
    images_per_second: float | None
    seconds_left: float | None
    """Of a running one, until all its epochs are trained; early stopping may end it sooner."""
    attempts: int
    last_seen: datetime | None
    """Last sign of life of the last attempt."""
    node: str
    """Where it is, or where the last attempt ran."""
    phase: str = ""
    """What the place that trains it says of it, as PlaceFact has it; empty if it says nothing."""
    phase_why: str = ""
    """What it waits for there, or why it failed there, in a few words."""
    phase_detail: str = ""
    """The same at length."""

    @property
    def over(self) -> bool:
        """Whether it is done, or cannot go on before somebody acts."""
        at_work = self.phase in ("waiting", "starting", "running", "retrying")
        return self.state == "done" or self.phase == "failed" or (self.state == "failed" and not at_work)


class StudyStatus:
    """Reads the rows of one study, each time at the cost of what changed.

    Args:
        store: where the study lies.
        study: its name.
        look: asks the place that trains the runs, if that is not this machine.
    """

    def __init__(self, store: Store, study: str, look: Look | None = None) -> None:
        self._store, self._study, self._look = store, study, look
        self._snapshot = Snapshot(store, layout.RUNS)
        self.note = ""
        """What the place said of the study as a whole at the last look."""

    def rows(self) -> list[StatusRow]:
        """The runs in the order of the plan, as they are now.

        There are none as long as the place is still at work on the plan itself.

        Raises:
            ConfigurationError: the store has no such study, or a newer kvjob planned it.
            StoreError: the store cannot be read.
        """
        seen = self._look() if self._look else None
        self.note = seen.note if seen else ""
        try:
            runs = read_study(self._store, self._study).plan.runs
        except ConfigurationError as error:
            if seen is None or any(self._store.list(layout.study(self._study, "plan.json"))):
                raise
            if not seen.active:
                raise ConfigurationError(
                    f"{error.what} ({seen.note})" if seen.note else error.what,
                    where=error.where,
                    fix=error.fix,
                ) from None
            return []
        self._snapshot.refresh()
        now = datetime.now(UTC)
        facts = seen.runs if seen else {}
        return [with_fact(_read_row(self._snapshot, run, now), facts.get(run.key)) for run in runs]


def status_rows(store: Store, study: str, look: Look | None = None) -> list[StatusRow]:
    """The runs of the study as they are now; arguments and errors as of StudyStatus."""
    return StudyStatus(store, study, look).rows()


def with_fact(row: StatusRow, fact: PlaceFact | None) -> StatusRow:
    """The row with what the place that trains it says, unless the store has its result."""
    if fact is None or row.state == "done":
        return row
    return replace(
        row,
        phase=fact.phase,
        phase_why=fact.why,
        phase_detail=fact.detail,
        node=fact.node or row.node,
    )


def _read_row(store: Store, run: PlannedRun, now: datetime) -> StatusRow:
    try:
        state = run_state(store, run.key, now)
        rows = _history(store, run.key)
    except (DataError, ConfigurationError) as error:
        # One damaged record must not hide the other runs.
        state, rows = RunState("failed", str(error), (), None), ()
    except KeyMissing:
        state, rows = RunState("new", "its records are being removed", (), None), ()
    return _row(run, state, rows)


def _history(store: Store, key: str) -> tuple[EpochRow, ...]:
    history = find_document(store, layout.run(key, "history.json"), History)
    return history.rows if history else ()


def _row(run: PlannedRun, state: RunState, history: tuple[EpochRow, ...]) -> StatusRow:
    last = state.attempts[-1] if state.attempts else None
    timing = last.epochs[-1] if last and last.epochs else None
    best = next((row for row in reversed(history) if row.best), None)
    epoch = state.result.epochs if state.result else len(history)
    left = (run.config.epochs - epoch) * timing.seconds if timing and state.kind == "running" else None
    return StatusRow(
        key=run.key,
        title=run.title,
        seed=run.config.seed,
        state=state.kind,
        why=state.why,
        epoch=epoch,
        epochs=run.config.epochs,
        best_iou=best.validation.mean_over_images.iou if best else None,
        best_epoch=best.epoch if best else 0,
        test_iou=state.result.test.mean_over_images.iou if state.result and state.result.test else None,
        images_per_second=timing.images_per_second if timing else None,
        seconds_left=left,
        attempts=len(state.attempts),
        last_seen=last.last_seen if last else None,
        node=last.node if last else "",
    )


def count(rows: Iterable[StatusRow]) -> dict[StateKind, int]:
    """How many runs are in each state that occurs."""
    kinds = [row.state for row in rows]
    order: tuple[StateKind, ...] = ("done", "running", "resume", "new", "failed")
    return {kind: kinds.count(kind) for kind in order if kind in kinds}
