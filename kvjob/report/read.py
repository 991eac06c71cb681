"""From the store to typed values: everything a report says comes from here, and each object is read once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from kvjob.errors import ConfigurationError, DataError, StoreAwayError
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.counts import parse_counts
from kvjob.records.document import find_document
from kvjob.records.predictions import NAME, decode_predictions
from kvjob.records.run import Environment, History, ModelSummary, Result, Sample, SampleIndex
from kvjob.records.snapshot import Snapshot
from kvjob.records.state import RunState, StateKind, state_of
from kvjob.records.study import StudyRecord, read_study
from kvjob.report.course import Course
from kvjob.report.packs import Packs
from kvjob.store import Entry, KeyMissing, Store
from kvjob.study import Experiment, Level, PlannedRun

Standing = Literal["finished", "diverged", "running", "interrupted", "missing", "failed", "unreadable"]
"""What a reader is told of a run; only a `finished` run enters means and comparisons."""

_STANDINGS: dict[StateKind, Standing] = {
    "new": "missing",
    "running": "running",
    "resume": "interrupted",
    "failed": "failed",
}
_READERS = 8
_PICTURES = 256
"""Sample pictures kept, so that memory does not grow with the number of levels."""
_PREDICTIONS = 64
"""Files of predictions kept, packed as they are stored: two figures after each other show the same ones."""
_NOT_READ = ("checkpoints/", "latest.json", "best.json")
"""What a run writes and no report reads."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the plan, with what it has left so far."""

    planned: PlannedRun
    standing: Standing
    why: str
    """The reason for the standing, in words."""
    attempts: tuple[Attempt, ...] = ()
    result: Result | None = None
    course: Course = field(default_factory=Course)
    """Loss and scores after each epoch; a run that has completed none has an empty one."""
    counts: pd.DataFrame | None = None
    """Pixels of each test image: index the image's name, columns tp, fp, fn, tn."""
    model: ModelSummary | None = None
    environment: Environment | None = None
    samples: tuple[Sample, ...] = ()
    over: bool = False
    """Whether nothing more comes of it unless somebody acts."""

    @property
    def key(self) -> str:
        """The run's key."""
        return self.planned.key

    @property
    def seed(self) -> int:
        """The replicate's number."""
        return self.planned.config.seed


class StudyData:
    """A study as the store tells it at one moment."""

    def __init__(self, store: Store, record: StudyRecord, runs: tuple[Run, ...]) -> None:
        self.record, self.plan, self.runs = record, record.plan, runs
        self.store = store
        self._pictures: dict[str, NDArray[np.uint8]] = {}
        self._predictions: dict[str, bytes | None] = {}
        self.packs = Packs(store, record.plan.dataset)
        self._roles: dict[tuple[str, str], list[Run]] = {}
        for run in sorted(runs, key=lambda run: run.seed):
            for role in run.planned.roles:
                self._roles.setdefault((role.experiment, role.level), []).append(run)

    def runs_of(self, experiment: Experiment, level: Level) -> tuple[Run, ...]:
        """The runs of one level, by seed."""
        return tuple(self._roles.get((experiment.name, level.name), ()))

    def is_baseline(self, experiment: Experiment, level: Level) -> bool:
        """Whether the level is the base configuration."""
        return any(
            role.baseline and (role.experiment, role.level) == (experiment.name, level.name)
            for run in self.runs_of(experiment, level)
            for role in run.planned.roles
        )

    def picture(self, run: Run, name: str) -> NDArray[np.uint8]:
        """A sample picture: (side, side, 3) RGB or (side, side) grey, 0 to 255; DataError if damaged."""
        key = layout.sample(run.key, name)
        if key not in self._pictures:
            _make_room(self._pictures, _PICTURES)
            try:
                with Image.open(BytesIO(self.store.read(key))) as image:
                    self._pictures[key] = np.asarray(image.convert("L" if image.mode != "RGB" else "RGB"))
            except (KeyMissing, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                raise DataError(
                    "sample picture missing or damaged",
                    where=f"{self.store.url}/{key}",
                    fix="Delete the run's result.json and run the study again",
                ) from None
        return self._pictures[key]

    def predictions(self, run: Run) -> NDArray[np.bool_]:
        """What a run predicted for every test image, shape (n, side, side), in the order of its counts.

        Raises:
            DataError: damaged, or not there: runs of earlier versions did not keep it.
        """
        key = layout.run(run.key, NAME)
        if key not in self._predictions:
            _make_room(self._predictions, _PREDICTIONS)
            self._predictions[key] = _read_if_there(self.store, key)
        data, where = self._predictions[key], f"{self.store.url}/{key}"
        if data is None or run.counts is None:
            raise DataError("not kept", where=where, fix="Train the run with this version of kvjob")
        return decode_predictions(data, len(run.counts), where)


class StudyReader:
    """Reads a study again and again: each time a listing of its runs, and those that have changed.

    Sample pictures are not read; they are when they are drawn.
    """

    def __init__(self, store: Store, study: str) -> None:
        self._store, self._study = store, study
        self._kept: dict[str, tuple[int, Run]] = {}
        self.stamp = 0
        """Another number after a `read` that found anything changed."""

    def read(self, now: datetime | None = None) -> StudyData:
        """The study at this moment; now is the moment by which silent runs are judged.

        Raises:
            ConfigurationError: the store has no such study, or a newer kvjob wrote it.
            StoreError: the store cannot be read; what was read until then is not read again.
        """
        record = self._read_record()
        moment = now or datetime.now(UTC)
        planned = {run.key: run for run in record.plan.runs}
        self._kept = {key: kept for key, kept in self._kept.items() if key in planned}
        with ThreadPoolExecutor(_READERS) as pool:
            runs = tuple(pool.map(lambda run: self._read(run, moment), planned.values()))
        stamps = tuple((self._kept[run.key][0], run.standing) for run in runs)
        self.stamp = hash((record.model_dump_json(), stamps))
        return StudyData(self._store, record, runs)

    def _read_record(self) -> StudyRecord:
        try:
            return read_study(self._store, self._study)
        except ConfigurationError:
            plan = layout.study(self._study, "plan.json")
            if not self._kept or any(self._store.list(plan)):
                raise
            # a folder that is no longer mounted has no studies, and says nothing else
            raise StoreAwayError(
                "the study is no longer there", where=f"{self._store.url}/{plan}", fix="Bring the store back"
            ) from None

    def _read(self, planned: PlannedRun, now: datetime) -> Run:
        files = Snapshot(self._store, layout.run(planned.key))
        files.refresh()
        stamp = hash((planned, *(entry for entry in files.list() if _is_read(entry, planned.key))))
        before, run = self._kept.get(planned.key, (None, None))
        if run is None or before != stamp:
            run = _read_run(files, planned, now)
        elif not run.over:  # time alone may have told that it is silent
            run = _judged(run, now)
        self._kept[planned.key] = stamp, run
        return run


def read_data(store: Store, study: str, now: datetime | None = None) -> StudyData:
    """A study at this moment, once; errors as StudyReader.read."""
    return StudyReader(store, study).read(now)


def _make_room(kept: dict[str, Any], most: int) -> None:
    """Forget the oldest, so that one more is not too many."""
    while len(kept) >= most:
        kept.pop(next(iter(kept)))


def _is_read(entry: Entry, key: str) -> bool:
    return not entry.key.removeprefix(layout.run(key)).startswith(_NOT_READ)


def _read_run(store: Store, planned: PlannedRun, now: datetime) -> Run:
    """One damaged document makes one run unreadable, not the report."""
    attempts = tuple(read_attempts(store, planned.key))
    try:
        result = find_document(store, layout.run(planned.key, "result.json"), Result)
        history = find_document(store, layout.run(planned.key, "history.json"), History)
        index = find_document(store, layout.sample(planned.key, "index.json"), SampleIndex)
        run = Run(
            planned,
            standing="missing",
            why="",
            attempts=attempts,
            result=result,
            course=Course(history.rows if history else ()),
            counts=_read_counts(store, planned.key) if result else None,
            model=find_document(store, layout.run(planned.key, "model.json"), ModelSummary),
            environment=find_document(store, layout.run(planned.key, "environment.json"), Environment),
            samples=index.samples if index else (),
        )
    except DataError as error:
        where = error.where.removeprefix(store.url + "/")
        over = state_of(attempts, None, now).kind != "running"
        return Run(planned, "unreadable", f"{where}: {error.what}", attempts, over=over)
    return _judged(run, now)


def _judged(run: Run, now: datetime) -> Run:
    """The run as it stands at that moment."""
    if run.standing == "unreadable":
        return replace(run, over=state_of(run.attempts, None, now).kind != "running")
    state = state_of(run.attempts, run.result, now)
    return replace(run, standing=_standing(state), why=state.why, over=state.kind in ("done", "failed"))


def _standing(state: RunState) -> Standing:
    return state.result.status if state.result else _STANDINGS[state.kind]


def _read_counts(store: Store, key: str) -> pd.DataFrame | None:
    name = layout.run(key, "scores.csv")
    data = _read_if_there(store, name)
    return None if data is None else parse_counts(data, f"{store.url}/{name}", "Delete it")


def _read_if_there(store: Store, key: str) -> bytes | None:
    try:
        return store.read(key)
    except KeyMissing:
        return None
