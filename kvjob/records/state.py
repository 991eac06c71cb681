"""The state of a run, as far as the store tells."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.budget import BUDGETS, exhausted
from kvjob.records.cause import WORDS, endings
from kvjob.records.document import find_document
from kvjob.records.run import Result
from kvjob.records.snapshot import Snapshot
from kvjob.store import Store

SILENCE_SECONDS = 180.0
"""A run whose last attempt has been silent for longer is not running, unless its epochs are long."""

SILENT_EPOCHS = 3
"""Signs of life come with epochs: a run is given the time of so many of them."""

_READERS = 8

StateKind = Literal["new", "running", "resume", "done", "failed"]


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of one run."""

    kind: StateKind
    """`new` never started; `running`; `resume` stopped and can go on; `done` has a result (finished or
    diverged); `failed` needs somebody to act."""
    why: str
    """The reason in words."""
    attempts: tuple[Attempt, ...]
    result: Result | None


def run_state(store: Store, key: str, now: datetime | None = None) -> RunState:
    """Read the state of the run of that key; now is the current time unless given."""
    attempts = tuple(read_attempts(store, key))
    result = find_document(store, layout.run(key, "result.json"), Result)
    return state_of(attempts, result, now or datetime.now(UTC))


def state_of(attempts: tuple[Attempt, ...], result: Result | None, now: datetime) -> RunState:
    """The state that follows from what was read; of each attempt's epochs the last one is enough."""
    if result is None:
        kind, why = _unfinished(attempts, now)
        return RunState(kind, why, attempts, None)
    detail = result.message or f"best epoch {result.best_epoch} of {result.epochs}"
    return RunState("done", f"{result.status}, {detail}", attempts, result)


def run_states(store: Store, keys: Iterable[str]) -> dict[str, RunState]:
    """The states of many runs at the cost of one listing, in the order of keys."""
    snapshot, wanted = Snapshot(store, layout.RUNS), tuple(keys)
    snapshot.refresh()
    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(wanted, pool.map(partial(run_state, snapshot), wanted), strict=True))


def _unfinished(attempts: tuple[Attempt, ...], now: datetime) -> tuple[StateKind, str]:
    if not attempts:
        return "new", "never started"
    last = attempts[-1]
    reached = max((timing.epoch for attempt in attempts for timing in attempt.epochs), default=0)
    if last.cause == "running":
        silence = (now - last.last_seen).total_seconds()
        if silence < _silence_limit(attempts):
            return "running", f"epoch {reached + 1}, seen {silence:.0f} s ago"
        return "resume", f"attempt {last.number} fell silent after epoch {reached}"
    if why := exhausted(attempts):
        return "failed", f"attempt {last.number}: {why}"
    if last.cause in BUDGETS:
        before = endings(attempt.cause for attempt in attempts[:-1])
        tail = f" (before: {before})" if before else ""
        return "resume", f"attempt {last.number}: {WORDS[last.cause]} after epoch {reached}{tail}"
    return "failed", f"attempt {last.number}: {WORDS[last.cause]}: {last.message}"


def _silence_limit(attempts: tuple[Attempt, ...]) -> float:
    timings = (attempt.epochs[-1] for attempt in reversed(attempts) if attempt.epochs)
    last = next(timings, None)
    return max(SILENCE_SECONDS, SILENT_EPOCHS * last.seconds) if last else SILENCE_SECONDS
