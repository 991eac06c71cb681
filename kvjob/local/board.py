"""All runs of a study at one moment, as a view draws them."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from kvjob.local.row import Row

Stopping = Literal["", "saving", "killing"]


@dataclass(frozen=True, slots=True)
class Board:
    """A study on this machine at the time `now`; times are those of time.monotonic()."""

    rows: tuple[Row, ...]
    """In the order of the plan."""
    jobs: int
    """How many runs may train at a time."""
    began: float
    now: float
    stopping: Stopping = ""
    """Whether the user asked to stop, and how."""

    @property
    def elapsed(self) -> float:
        """Seconds since the study began."""
        return self.now - self.began

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return all(row.over for row in self.rows)

    def count(self) -> "Counter[str]":
        """How many runs are in each state."""
        return Counter(row.state for row in self.rows)
