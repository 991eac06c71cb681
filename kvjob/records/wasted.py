"""Time of attempts that later ones had to do again, or that led to nothing."""

from collections.abc import Sequence
from itertools import pairwise

from kvjob.records.attempt import Attempt


def wasted_seconds(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Of every attempt but the last, by its cause: its time less the epochs that the next one built on."""
    wasted: dict[str, float] = {}
    for earlier, later in pairwise(attempts):
        lost = lost_seconds(earlier, later.resumed_from)
        wasted[earlier.cause] = wasted.get(earlier.cause, 0.0) + lost
    return {cause: seconds for cause, seconds in wasted.items() if seconds}


def lost_seconds(attempt: Attempt, kept: int | None = None) -> float:
    """Its time less its epochs up to kept; less all of them unless given."""
    useful = sum(timing.seconds for timing in attempt.epochs if kept is None or timing.epoch <= kept)
    return max(0.0, attempt.seconds - useful)
