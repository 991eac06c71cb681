"""Runs that somebody else trains at this moment."""

from collections.abc import Callable
from pathlib import Path

from kvjob.errors import KvjobError
from kvjob.records.attempt import Attempt, node_name
from kvjob.records.state import run_state
from kvjob.store import KeyMissing, Store

Elsewhere = Callable[[str], str]
"""From a run's key to where it is trained, in words; empty if it is free."""


def elsewhere_of(store: Store) -> Elsewhere:
    """Looks at the attempts in the store: the last one of a run counts as long as it has not fallen silent.

    A trainer of this machine whose process is gone counts no longer, so that a study whose processes were all
    killed goes on at once.
    """

    def ask(key: str) -> str:
        try:
            state = run_state(store, key)
        except (KvjobError, KeyMissing):
            return ""  # the trainer meets the same, and knows best how to say it
        last = state.attempts[-1] if state.attempts else None
        if state.kind != "running" or last is None or _gone(last, key):
            return ""
        return f"{last.node or 'another machine'}, {state.why}"

    return ask


def _gone(attempt: Attempt, key: str) -> bool:
    """Whether this machine would have the attempt's process and has it no more."""
    processes = Path("/proc")
    if attempt.node != node_name() or not (processes / "self").exists():
        return False
    try:
        return key.encode() not in (processes / str(attempt.pid) / "cmdline").read_bytes()
    except OSError:
        return True
