"""Which runs to show where there is no room for all."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

R = TypeVar("R")

URGENT = ("running", "failed", "retry", "interrupted", "resume")
"""States that are shown before any other."""


def fit(rows: Sequence[R], state: Callable[[R], str], room: int) -> tuple[list[R], "Counter[str]"]:
    """The rows to show, in their order, and how many of each state are left out.

    Urgent rows come first; what room is left goes half to the last that are done, half to the next to come.

    Args:
        rows: all rows in the order of the plan.
        state: tells a row's state.
        room: how many fit, at least 0.
    """
    if len(rows) <= room:
        return list(rows), Counter()
    urgent = [place for name in URGENT for place, row in enumerate(rows) if state(row) == name][:room]
    done = [place for place, row in enumerate(rows) if state(row) == "done"]
    coming = [place for place, row in enumerate(rows) if state(row) not in (*URGENT, "done")]
    rest = room - len(urgent)
    ahead = min(len(coming), max(rest - rest // 2, rest - len(done)))
    shown = {*urgent, *done[len(done) - (rest - ahead) :], *coming[:ahead]} if rest else set(urgent)
    hidden = Counter(state(row) for place, row in enumerate(rows) if place not in shown)
    return [rows[place] for place in sorted(shown)], hidden
