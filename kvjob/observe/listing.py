"""A listing of runs, reduced to the documents that tell their numbers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from kvjob.records import layout
from kvjob.records.attempt import POD
from kvjob.records.live import Saved
from kvjob.store import Entry, Store

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class RunFiles:
    """Of one run."""

    attempts: list[Entry] = field(default_factory=list)
    """Oldest first."""
    pods: dict[str, Entry] = field(default_factory=dict)
    """How their pods ended, by the key of the attempt's record."""
    history: Entry | None = None
    result: Entry | None = None
    checkpoint: Saved | None = None
    """The newest that is whole."""

    @property
    def stamp(self) -> int:
        """Another number if any of them was written anew."""
        return hash((*self.attempts, *self.pods.values(), self.history, self.result, self.checkpoint))

    @property
    def newest(self) -> datetime:
        """When the last of its documents was written."""
        entries = (*self.attempts, *self.pods.values(), self.history, self.result)
        return max((entry.modified for entry in entries if entry), default=_NEVER)


def list_runs(store: Store) -> tuple[dict[str, RunFiles], int]:
    """The documents of every run by its key, and how many objects were listed; StoreError as of list."""
    runs: dict[str, RunFiles] = {}
    sizes: dict[str, int] = {}
    pointers: dict[str, Entry] = {}
    number = 0
    for entry in store.list(layout.RUNS):
        number += 1
        key, _, name = entry.key.removeprefix(layout.RUNS).partition("/")
        found = runs.setdefault(key, RunFiles())
        match name.split("/"):
            case ["attempts", _]:
                found.attempts.append(entry)
            case ["attempts", _, file] if file == POD:
                found.pods[f"{entry.key.removesuffix(f'/{POD}')}.json"] = entry
            case ["history.json"]:
                found.history = entry
            case ["result.json"]:
                found.result = entry
            case ["checkpoints", epoch, file]:
                folder = f"{key}/{epoch}"
                sizes[folder] = sizes.get(folder, 0) + entry.size
                # written after its files: without it there is no checkpoint
                if file == "manifest.json" and _later(entry, pointers.get(key)):
                    pointers[key] = entry
    for key, manifest in pointers.items():
        folder = manifest.key.removeprefix(layout.RUNS).replace("/checkpoints/", "/").rpartition("/")[0]
        size = sizes[folder] - manifest.size
        runs[key].checkpoint = Saved(manifest.modified.timestamp(), size)
    return runs, number


def _later(entry: Entry, other: Entry | None) -> bool:
    """By epoch, with which the keys of checkpoints begin: times of a store may be whole seconds."""
    return other is None or entry.key > other.key
