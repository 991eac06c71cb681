"""A listing of a store, sorted by what its objects belong to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kvjob.records import layout
from kvjob.records.checkpoint import MANIFEST
from kvjob.store import Entry

_CHECKPOINT = re.compile(r"[0-9]{5,9}-[0-9a-f]{8}")


@dataclass(slots=True)
class RunContents:
    """The objects of one run."""

    entries: list[Entry] = field(default_factory=list)
    checkpoints: dict[str, list[Entry]] = field(default_factory=dict)
    """By the key of their folder, which ends in `/`; of other folders nothing is known, so they stay."""
    documents: dict[str, Entry] = field(default_factory=dict)
    """What lies beside them: `result.json`, `latest.json`, …"""

    def complete(self) -> dict[str, int]:
        """Folders with a manifest, and their epochs."""
        return {
            folder: epoch_of(folder)
            for folder, entries in self.checkpoints.items()
            if any(entry.key == folder + MANIFEST for entry in entries)
        }


@dataclass(slots=True)
class Contents:
    """The objects of a store; each folder by its key, which ends in `/`."""

    runs: dict[str, RunContents] = field(default_factory=dict)
    """By run key."""
    datasets: dict[str, list[Entry]] = field(default_factory=dict)
    weights: dict[str, list[Entry]] = field(default_factory=dict)


def sort_out(entries: Iterable[Entry]) -> Contents:
    """Contents of a listing; what is none of kvjob's is left out."""
    found = Contents()
    for entry in entries:
        match entry.key.split("/"):
            case ["runs", key, *rest] if rest:
                _add(found.runs.setdefault(key, RunContents()), entry, rest)
            case ["datasets", name, _, *_]:
                found.datasets.setdefault(layout.dataset(name, ""), []).append(entry)
            case ["weights", name, _, *_]:
                found.weights.setdefault(layout.weights(name, ""), []).append(entry)
    return found


def epoch_of(folder: str) -> int:
    """The epoch of a checkpoint's folder."""
    return int(folder.rsplit("/", 2)[-2].split("-")[0])


def _add(run: RunContents, entry: Entry, rest: list[str]) -> None:
    run.entries.append(entry)
    match rest:
        case [name]:
            run.documents[name] = entry
        case ["checkpoints", name, _] if _CHECKPOINT.fullmatch(name):
            run.checkpoints.setdefault(entry.key.rpartition("/")[0] + "/", []).append(entry)
