"""From the store to typed values: everything a report says comes from here, and each object is read once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.document import Document, read_document
from kvjob.records.predictions import NAME, decode_predictions
from kvjob.records.run import Environment, History, ModelSummary, Result, Sample, SampleIndex
from kvjob.records.state import RunState, StateKind, run_state
from kvjob.records.study import StudyRecord, read_study
from kvjob.report.course import Course
from kvjob.report.packs import Packs
from kvjob.store import KeyMissing, Store
from kvjob.study import Experiment, Level, PlannedRun
from kvjob.study.scores import COUNTS

Standing = Literal["finished", "diverged", "running", "interrupted", "missing", "failed", "unreadable"]
"""What a reader is told of a run; only a `finished` run enters means and comparisons."""

_STANDINGS: dict[StateKind, Standing] = {
    "new": "missing",
    "running": "running",
    "resume": "interrupted",
    "failed": "failed",
}
_READERS = 8

T = TypeVar("T")
D = TypeVar("D", bound=Document)


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

    def runs_of(self, experiment: Experiment, level: Level) -> tuple[Run, ...]:
        """The runs of one level, by seed."""
        role = (experiment.name, level.name)
        chosen = [run for run in self.runs if role in {(r.experiment, r.level) for r in run.planned.roles}]
        return tuple(sorted(chosen, key=lambda run: run.seed))

    def is_baseline(self, experiment: Experiment, level: Level) -> bool:
        """Whether the level is the base configuration."""
        return any(
            role.baseline and (role.experiment, role.level) == (experiment.name, level.name)
            for run in self.runs
            for role in run.planned.roles
        )

    def picture(self, run: Run, name: str) -> NDArray[np.uint8]:
        """A sample picture: (side, side, 3) RGB or (side, side) grey, 0 to 255; DataError if damaged."""
        key = layout.sample(run.key, name)
        if key not in self._pictures:
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
        if key not in self._predictions:  # as it is stored: unpacked, all of them would not fit into memory
            self._predictions[key] = _or_none(lambda: self.store.read(key))
        data, where = self._predictions[key], f"{self.store.url}/{key}"
        if data is None or run.counts is None:
            raise DataError("not kept", where=where, fix="Train the run with this version of kvjob")
        return decode_predictions(data, len(run.counts), where)


def read_data(store: Store, study: str, now: datetime | None = None) -> StudyData:
    """Read everything of a study but its sample pictures, which are read when they are drawn.

    Raises:
        ConfigurationError: the store has no such study, or a newer kvjob wrote it.
        StoreError: the store cannot be read.
    """
    record = read_study(store, study)
    moment = now or datetime.now(UTC)
    with ThreadPoolExecutor(_READERS) as pool:
        runs = tuple(pool.map(lambda planned: _read_run(store, planned, moment), record.plan.runs))
    return StudyData(store, record, runs)


def _read_run(store: Store, planned: PlannedRun, now: datetime) -> Run:
    """One damaged document makes one run unreadable, not the report."""
    try:
        state = run_state(store, planned.key, now)
        history = _optional(store, planned.key, "history.json", History)
        index = _optional(store, planned.key, "samples/index.json", SampleIndex)
        return Run(
            planned,
            standing=_standing(state),
            why=state.why,
            attempts=state.attempts,
            result=state.result,
            course=Course(history.rows if history else ()),
            counts=_read_counts(store, planned.key) if state.result else None,
            model=_optional(store, planned.key, "model.json", ModelSummary),
            environment=_optional(store, planned.key, "environment.json", Environment),
            samples=index.samples if index else (),
        )
    except DataError as error:
        return Run(
            planned, standing="unreadable", why=f"{error.where.removeprefix(store.url + '/')}: {error.what}"
        )


def _standing(state: RunState) -> Standing:
    return state.result.status if state.result else _STANDINGS[state.kind]


def _optional(store: Store, key: str, name: str, kind: type[D]) -> D | None:
    return _or_none(lambda: read_document(store, layout.run(key, name), kind))


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except KeyMissing:
        return None


def _read_counts(store: Store, key: str) -> pd.DataFrame | None:
    name = layout.run(key, "scores.csv")
    data = _or_none(lambda: store.read(name))
    if data is None:
        return None
    try:
        # Image names stay text: "007" is not 7, and an image may be called "NA".
        frame = pd.read_csv(BytesIO(data), dtype={"image": str}, keep_default_na=False).set_index("image")
        return frame[list(COUNTS)].astype(np.int64)
    except (ValueError, KeyError, OverflowError):
        raise DataError(
            "damaged: not a table of image, tp, fp, fn, tn", where=f"{store.url}/{name}", fix="Delete it"
        ) from None
