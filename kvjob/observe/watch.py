"""Reading a store again and again, each time at the cost of one listing and of what changed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from kvjob.errors import ConfigurationError, DataError
from kvjob.observe.labels import NamedRun, name_run
from kvjob.observe.listing import RunFiles, list_runs
from kvjob.observe.parallel import in_parallel
from kvjob.observe.summary import RunSummary, summarise
from kvjob.records import layout
from kvjob.records.attempt import explained
from kvjob.records.document import Document, read_document
from kvjob.records.run import History, Result
from kvjob.records.snapshot import CLOCK_STEP
from kvjob.records.study import StudyRecord
from kvjob.store import Entry, KeyMissing, Store

READERS = 8
"""Runs read at once."""

_PLAN = "/plan.json"
_UNKNOWN = 0
"""A stamp that no document has: read it again."""

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Seen:
    """A store at one moment."""

    studies: Mapping[str, tuple[NamedRun, ...]]
    runs: Mapping[str, RunSummary]
    """By run key; a run that has left nothing is absent."""
    objects: int
    """Objects listed."""
    listing_seconds: float


class StoreWatch:
    """Reads all studies of a store and their runs.

    Of a run only its summary is kept and the moment of its documents, so that memory grows with the number of
    runs and not with their histories. What was deleted is forgotten.

    Args:
        store: may be read by several threads.
        say: told of a document that cannot be read, whenever it was written anew.
    """

    def __init__(self, store: Store, say: Callable[[str], None]) -> None:
        self._store, self._say = store, say
        self._studies: dict[str, tuple[int, tuple[NamedRun, ...]]] = {}
        self._runs: dict[str, tuple[int, RunSummary]] = {}

    def look(self) -> Seen:
        """List the store and read what changed since the last look.

        Raises:
            StoreError: the store cannot be read; what was read until then is not read again.
        """
        begin = time.monotonic()
        studies = list(self._store.list(layout.STUDIES))
        files, objects = list_runs(self._store)
        seconds = time.monotonic() - begin
        self._read_plans({_study(entry): entry for entry in studies if _study(entry)})
        planned = {run.key for _, runs in self._studies.values() for run in runs}
        files = {key: found for key, found in files.items() if key in planned}
        self._runs = {key: kept for key, kept in self._runs.items() if key in files}
        changed = [key for key, found in files.items() if self._stamp(key) != found.stamp]
        in_parallel(lambda key: self._read_run(key, files[key]), changed, READERS)
        return Seen(
            {name: runs for name, (_, runs) in self._studies.items()},
            {key: summary for key, (_, summary) in self._runs.items()},
            len(studies) + objects,
            seconds,
        )

    def _stamp(self, key: str) -> int:
        return self._runs[key][0] if key in self._runs else _UNKNOWN

    def _read_plans(self, plans: Mapping[str, Entry]) -> None:
        self._studies = {name: kept for name, kept in self._studies.items() if name in plans}
        for name, entry in plans.items():
            kept = self._studies.get(name, (_UNKNOWN, ()))
            if kept[0] == hash(entry):
                continue
            runs, moment = kept[1], datetime.now(UTC)
            try:
                plan = read_document(self._store, entry.key, StudyRecord).plan
                runs = tuple(name_run(name, run) for run in plan.runs)
            except (DataError, ConfigurationError) as error:  # the runs planned before it are still true
                self._say(str(error))
            except KeyMissing:
                continue
            self._studies[name] = _settled(hash(entry), entry.modified, moment), runs

    def _read_run(self, key: str, files: RunFiles) -> None:
        moment = datetime.now(UTC)
        try:
            summary = summarise(
                tuple(explained(self._store, entry, files.pods.get(entry.key)) for entry in files.attempts),
                (self._optional(files.history, History) or History()).rows,
                self._optional(files.result, Result),
                files.checkpoint,
            )
        except (DataError, ConfigurationError) as error:  # one damaged record must not hide the other runs
            self._say(str(error))
            summary = RunSummary(damaged=True)
        except KeyMissing:  # being removed; the next listing tells what is left
            return
        self._runs[key] = _settled(files.stamp, files.newest, moment), summary

    def _optional(self, entry: Entry | None, kind: type[D]) -> D | None:
        return None if entry is None else read_document(self._store, entry.key, kind)


def _settled(stamp: int, written: datetime, read: datetime) -> int:
    """The stamp, unless the document was so fresh when it was read that a later write may not show."""
    return stamp if read - written > CLOCK_STEP else _UNKNOWN


def _study(entry: Entry) -> str:
    """The study whose plan this is, else nothing."""
    name = entry.key.removeprefix(layout.STUDIES)
    return name.removesuffix(_PLAN) if name.endswith(_PLAN) and name.count("/") == 1 else ""
