"""Not taking back a run that another trainer has taken over."""

import time

from kvjob.records.live import Live
from kvjob.records.state import RunState, run_state
from kvjob.store import Store
from kvjob.train.progress import Reporter
from kvjob.train.stop import StopRequest

POLL_SECONDS = 10.0
"""How often the other trainer is looked at."""
STOP_SECONDS = 0.2
"""How soon a wish to stop is noticed meanwhile."""


def await_turn(store: Store, key: str, report: Reporter, stop: StopRequest, live: Live) -> None:
    """Wait while a trainer is alive that was seen to take the run over from another one.

    A run whose last attempt is silent or over is free at once; so is one whose trainer was killed and is
    started again, as nothing then says that two of them live. But where one has noticed that it was
    superseded, and is started again by something that does not know why it ended, the two would take the run
    from each other for ever.

    Raises:
        Interrupted: stop was asked for.
    """
    state = run_state(store, key)
    if not _contended(state):
        return
    report.send("phase", name="elsewhere")
    while state.kind == "running":
        until = time.monotonic() + POLL_SECONDS
        while time.monotonic() < until:
            stop.check()
            live.alive = time.time()  # waiting is no hang
            time.sleep(STOP_SECONDS)
        state = run_state(store, key)


def _contended(state: RunState) -> bool:
    return state.kind == "running" and any(attempt.cause == "superseded" for attempt in state.attempts[-2:-1])
