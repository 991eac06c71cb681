"""How far the runs of a disturbed study are, as its store tells."""

import json
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kvjob.errors import DataError, KvjobError, StoreError
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.document import parse_document
from kvjob.store import KeyMissing, Store

NUMBERED = re.compile(r"/attempts/\d+\.json$")
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 600.0
"""How long a study may show no sign of progress; generous, for machines that do other work as well."""


@dataclass
class Progress(ABC):
    """What was seen of a study while faults strike it."""

    store: Store
    """Reached past whatever disturbs it."""
    epochs: dict[str, float] = field(default_factory=dict)
    """Newest epoch of each run that its store was seen to hold; infinite with a result."""
    seen: list[tuple[datetime, str, float]] = field(default_factory=list)
    """When a run was first seen to have got so far."""
    marks: dict[str, float] = field(default_factory=dict)
    """How far each run was when a fault last struck it."""
    truth: dict[str, bytes] = field(default_factory=dict)
    """Attempts' records as they were before they were damaged, by key in the store."""

    @abstractmethod
    def over(self) -> bool:
        """Whether the study has ended."""

    @abstractmethod
    def told(self) -> str:
        """What a failing test shows of the study."""

    @abstractmethod
    def training(self) -> set[str]:
        """Keys of the runs that a trainer is at work on."""

    def look(self) -> bool:
        """Read how far the runs are; whether the study is over."""
        over = self.over()
        with suppress(StoreError):  # it is away; a fault of ours, mostly
            for key in {entry.key.split("/")[1] for entry in self.store.list(layout.RUNS)}:
                epoch = self._epoch(key)
                if epoch > self.epochs.get(key, 0):
                    self.epochs[key] = epoch
                    self.seen.append((datetime.now(UTC), key, epoch))
        return over

    def further(self, key: str) -> float:
        """Epochs of a run since a fault last struck it."""
        return self.epochs.get(key, 0) - self.marks.get(key, 0)

    def struck(self, key: str, everybody: bool) -> None:
        """Note that a fault struck a run, or all."""
        self.marks.update({each: self.epochs[each] for each in self.epochs if everybody or each == key})

    def until(self, what: str, holds: Callable[[], bool]) -> bool:
        """Look until holds; whether it did before the study was over."""
        changed, seen = time.monotonic(), dict(self.epochs)
        while True:
            over = self.look()
            if holds():
                return True
            if over:
                return False
            if seen != self.epochs:
                changed, seen = time.monotonic(), dict(self.epochs)
            assert time.monotonic() - changed < PATIENCE_SECONDS, f"no {what}:\n{self.told()}"
            time.sleep(LOOK_SECONDS)

    def ready(self, epochs: int) -> list[str]:
        """Runs in training that got so many epochs further since a fault last struck them."""
        return sorted(key for key in self.training() if epochs <= self.further(key) < math.inf)

    def newest(self, key: str) -> str:
        """Folder of a run's newest checkpoint."""
        return str(json.loads(self.store.read(layout.run(key, "latest.json")))["folder"])

    def settled(self, key: str) -> str:
        """The same, once what a stopped trainer had on the way has arrived."""
        before, folder = "", self.newest(key)
        while folder != before:
            time.sleep(0.5)
            before, folder = folder, self.newest(key)
        return folder

    def at_stake(self, key: str) -> int:
        """Epochs between a run's newest checkpoint and the one before it, which may be the beginning."""
        folders = {
            entry.key.rsplit("/", 2)[1]
            for entry in self.store.list(layout.run(key, "checkpoints/"))
            if entry.key.endswith("/manifest.json")
        }
        newest = int(self.newest(key).rstrip("/").rsplit("/", 1)[1].split("-")[0])
        numbers = (int(folder.split("-")[0]) for folder in folders)
        return newest - max((number for number in numbers if number < newest), default=0)

    def attempts(self, key: str) -> list[Attempt]:
        """A run's attempts as they were before anybody damaged their records.

        SeaweedFS leaves an empty object where a writer dies between the head of a request and its body: of
        such a record there is only what kvjob makes of it.
        """
        found = {each.number: each for each in read_attempts(self.store, key)}
        for name in (entry.key for entry in self.store.list(layout.run(key, "attempts/"))):
            if NUMBERED.search(name):
                with suppress(DataError):
                    record = parse_document(self.truth.get(name) or self.store.read(name), Attempt, name)
                    found[record.number] = record
        return [found[number] for number in sorted(found)]

    def _epoch(self, key: str) -> float:
        for name, value in (("result.json", math.inf), ("latest.json", None)):
            with suppress(KeyMissing, KvjobError, ValueError, TypeError, KeyError):
                document = json.loads(self.store.read(layout.run(key, name)))
                return value or float(document["epoch"])
        return 0
