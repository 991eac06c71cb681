"""How often a run may end for one cause before another attempt is pointless."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kvjob.records.attempt import Attempt
from kvjob.records.cause import WORDS, Cause

SUBMISSION = "KVJOB_SUBMISSION"
"""Environment variable of a trainer: what asks for the run, and budgets are counted within. Without it an
attempt belongs to what asked for the one before."""

LONGEST_PAUSE = 300.0
"""Seconds; pauses between attempts double up to it."""

TAKEN_AWAY = "The machine was taken away every time: use other nodes, or a priority class that is not evicted"


@dataclass(frozen=True, slots=True)
class Budget:
    """What one cause may use up."""

    most: int
    """Attempts in a row that may end so without completing an epoch."""
    fix: str
    """What to do when that is used up, as a sentence without a full stop."""
    pause: float = 0.0
    """Seconds before the next attempt, where it is `kvjob run` that waits; each further pause is twice as
    long. Argo has its own."""

    def wait(self, ends: int) -> float | None:
        """Seconds to wait after so many such ends in a row, None if there is no further attempt."""
        if ends >= self.most:
            return None
        return min(LONGEST_PAUSE, self.pause * 2.0 ** max(0, ends - 1))


BUDGETS: Mapping[Cause, Budget] = MappingProxyType(
    {
        # nothing of the run's own doing: as patient as a spot market needs
        "interrupted": Budget(20, TAKEN_AWAY),
        "superseded": Budget(20, "Train each run from one place at a time"),
        "pod-deleted": Budget(20, TAKEN_AWAY),
        "evicted": Budget(20, TAKEN_AWAY),
        "node-lost": Budget(20, TAKEN_AWAY),
        # the same memory is not enough a third time
        "oom-killed": Budget(2, "Give it more memory: train.memory on a cluster, fewer --jobs on a machine"),
        "lost": Budget(20, "Look for its end in the logs of the node or machine", pause=1.0),
        # more halvings than any batch has (4096 is the largest); which is the last one the trainer knows
        "cuda-oom": Budget(12, "Use a GPU with more memory, or a smaller input_size"),
        # a driver or a file system that stands still is worth another node or two
        "hang": Budget(3, "Read the stacks in the attempt's message, and the node's log", pause=5.0),
        # somebody may be about to make room, or (below) to renew the secret
        "disk-full": Budget(3, "Free some space", pause=30.0),
        # an outage that outlasts 20 attempts is one to look at
        "store": Budget(20, "Bring the store back", pause=5.0),
        "credentials": Budget(5, "Renew the credentials, and the secret that holds them", pause=30.0),
    }
)
"""Causes with another attempt. Attempts that completed an epoch do not count: a run that is interrupted a
hundred times and gets on every time ends well."""

ADVICE = (
    "then train it again by `kvjob run`, by submitting the study once more, or by `kvjob train --again`: "
    "each begins to count anew"
)


class Tally:
    """Ends of a run's attempts by cause, since the last one that completed an epoch."""

    def __init__(self) -> None:
        self._ends: Counter[str] = Counter()

    def add(self, cause: str, further: bool) -> None:
        """Count an attempt's end, unless it got further than the epoch it went on from."""
        if further:
            self._ends.clear()
        else:
            self._ends[cause] += 1

    def __getitem__(self, cause: str) -> int:
        """How many ended so."""
        return self._ends[cause]


def exhausted(attempts: Sequence[Attempt], submission: str | None = None) -> str:
    """What used up its budget, in words; empty if another attempt is worth it.

    Args:
        attempts: all of a run that ended, oldest first.
        submission: what asks for another one, which counts only attempts of its own; the last one's if None.
    """
    if not attempts:
        return ""
    last, tally = attempts[-1], Tally()
    wanted = last.submission if submission is None else submission
    for attempt in attempts:
        if attempt.submission == wanted:
            tally.add(attempt.cause, attempt.saved > attempt.resumed_from)
    budget, ends = BUDGETS.get(last.cause), tally[last.cause]
    if budget is None or last.submission != wanted or ends < budget.most:
        return ""
    return f"{WORDS[last.cause]}, {ends} times since it last completed an epoch"
