"""One thing that nobody needs, and in which order its objects go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kvjob.store import Entry, Unfinished

Kind = Literal["checkpoint", "incomplete-checkpoint", "dataset", "weights", "run", "unfinished", "cache"]

KINDS: dict[Kind, str] = {
    "checkpoint": "superseded checkpoints",
    "incomplete-checkpoint": "incomplete checkpoints",
    "dataset": "packed data sets no study uses",
    "weights": "encoder weights no study uses",
    "run": "runs no study plans",
    "unfinished": "interrupted writes",
    "cache": "cached data no study uses",
}
"""The kinds in words, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Waste:
    """Objects that go together: a folder of the store, an interrupted write, or a folder of the cache."""

    kind: Kind
    name: str
    """Key of the folder, ending in `/`, or of the object; a path in the cache."""
    batches: tuple[tuple[Entry | Unfinished, ...], ...]
    """Its objects; all of a batch are gone before one of the next goes, so that a reader sees a thing that
    is not there rather than a damaged one."""

    @property
    def objects(self) -> int:
        """How many there are."""
        return sum(map(len, self.batches))

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(entry.size for batch in self.batches for entry in batch)

    @property
    def modified(self) -> datetime:
        """When the youngest of them was written."""
        return max(entry.modified for batch in self.batches for entry in batch)


def folder_waste(kind: Kind, name: str, entries: Iterable[Entry], first: Sequence[str]) -> Waste:
    """A folder of the store.

    Args:
        kind: what it is.
        name: its key.
        entries: its objects.
        first: names below the folder that go before the rest, in this order.
    """
    batches: list[list[Entry]] = [[] for _ in (*first, "rest")]
    for entry in entries:
        below = entry.key.removeprefix(name)
        turn = first.index(below) if below in first else len(first)
        batches[turn].append(entry)
    return Waste(kind, name, tuple(tuple(batch) for batch in batches if batch))
