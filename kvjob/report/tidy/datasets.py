"""Which tidy tables there are, and their rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.report.bootstrap import Difference
from kvjob.report.course import MEASURES, PHASES
from kvjob.report.document import RunSummary
from kvjob.report.read import Run, StudyData
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tidy.flatten import cells
from kvjob.report.tidy.frame import Cell, Column, Dataset, dataset, series
from kvjob.study import TrainConfig
from kvjob.study.scores import COUNTS, SCORES, score_each

_RUN = Column("run", "text", "Key of the run.")
_EXPERIMENT = Column("experiment", "text", "Name of the experiment.")
_LEVEL = Column("level", "text", "Name of the level.")
_SEED = Column("seed", "integer", "Replicate.")
_EPOCH = Column("epoch", "integer", "Number of the epoch, from 1.")
_PHASE = Column(
    "phase", "text", "train: as met while training, weights still moving; validation: after the epoch."
)
_IMAGE = Column("image", "text", "Name of the test image.")
_SCORE = Column("score", "text", "The score that is compared, on the test set.")
_ATTEMPT = Column("attempt", "integer", "Number of the attempt, from 1.")
_COUNTED = {"tp": "true positive", "fp": "false positive", "fn": "false negative", "tn": "true negative"}


def datasets(
    data: StudyData, runs: tuple[RunSummary, ...], experiments: tuple[ExperimentSummary, ...]
) -> Iterator[Dataset]:
    """Every tidy table of the report, one at a time, so that only one is in memory."""
    yield dataset("runs", "One row per run of the plan.", map(_run, data.runs, runs))
    yield _epochs(data.runs)
    yield _images(data.runs)
    yield dataset(
        "attempts",
        "One row per start of the trainer on a run.",
        ([(_RUN, run.key), *_attempt(attempt)] for run in data.runs for attempt in run.attempts),
        always=[column for column, _ in [(_RUN, None), *_attempt(None)]],
    )
    yield dataset(
        "timings",
        "One row per epoch that an attempt completed; an interrupted epoch may be in two attempts.",
        (
            [(_RUN, run.key), (_ATTEMPT, attempt.number), *cells(EpochTiming, timing)]
            for run in data.runs
            for attempt in run.attempts
            for timing in attempt.epochs
        ),
        always=[column for column, _ in [(_RUN, None), (_ATTEMPT, None), *cells(EpochTiming, None)]],
    )
    yield dataset(
        "levels",
        "One row per level of each experiment: all statistics over its seeds.",
        (
            [(_EXPERIMENT, each.name), *cells(LevelSummary, level)]
            for each in experiments
            for level in each.levels
        ),
    )
    yield dataset(
        "comparisons",
        "One row per level and score that is compared with the baseline.",
        (
            [(_EXPERIMENT, each.name), (_LEVEL, level.level), (_SCORE, score), *cells(Difference, difference)]
            for each in experiments
            for level in each.levels
            for score, difference in _differences(level)
        ),
        always=[_EXPERIMENT, _LEVEL, _SCORE, *(column for column, _ in cells(Difference, None))],
    )


def _run(run: Run, summary: RunSummary) -> list[Cell]:
    title = Column("level", "text", "Its place in the study: baseline, or experiment=level.")
    attempts = Column("attempts", "integer", "Number of attempts.")
    return [
        (_RUN, run.key),
        (title, summary.title),
        *cells(RunSummary, summary, skip=("key", "config", "attempts")),
        (attempts, len(run.attempts)),
        *cells(TrainConfig, run.planned.config, "config_"),
    ]


def _attempt(attempt: Attempt | None) -> list[Cell]:
    seconds = Column("seconds", "number", "Wall time from the start to the last sign of life, in seconds.")
    epochs = Column("epochs", "integer", "Epochs it completed.")
    return [
        *cells(Attempt, attempt, skip=("format", "epochs")),
        (epochs, len(attempt.epochs) if attempt else None),
        (seconds, attempt.seconds if attempt else None),
    ]


def _differences(level: LevelSummary) -> Iterator[tuple[str, Difference]]:
    """Every difference that the summary of a level holds, and the score it is of."""
    for name in type(level).model_fields:
        held = getattr(level, name)
        if isinstance(held, Difference):
            yield name.removesuffix("difference").rstrip("_") or "iou", held
        elif isinstance(held, Mapping):
            yield from ((key, item) for key, item in held.items() if isinstance(item, Difference))


def _epochs(runs: tuple[Run, ...]) -> Dataset:
    measures = [
        Column(
            name, "number", "Mean loss per image." if name == "loss" else f"{name}, mean over images, 0 to 1."
        )
        for name in MEASURES
    ]
    blocks = [
        {
            "run": [run.key] * len(run.course),
            "seed": [run.seed] * len(run.course),
            "epoch": range(1, len(run.course) + 1),
            "phase": [phase] * len(run.course),
            **{name: run.course.series(name, phase) for name in MEASURES},
        }
        for run in runs
        for phase in PHASES
    ]
    columns = (_RUN, _SEED, _EPOCH, _PHASE, *measures)
    return Dataset("epochs", "One row per run, epoch and phase.", columns, _stacked(columns, blocks))


def _images(runs: tuple[Run, ...]) -> Dataset:
    pixels = [Column(f"{name}_pixels", "integer", f"Number of {_COUNTED[name]} pixels.") for name in COUNTS]
    scores = [Column(name, "number", f"{name} of the image, 0 to 1.") for name in SCORES]
    blocks = [
        {
            "run": [run.key] * len(run.counts),
            "seed": [run.seed] * len(run.counts),
            "image": run.counts.index.to_list(),
            **{f"{name}_pixels": run.counts[name].to_numpy() for name in COUNTS},
            **score_each(run.counts[list(COUNTS)].to_numpy()),
        }
        for run in runs
        if run.counts is not None
    ]
    columns = (_RUN, _SEED, _IMAGE, *pixels, *scores)
    return Dataset("images", "One row per run and test image.", columns, _stacked(columns, blocks))


def _stacked(columns: tuple[Column, ...], blocks: list[dict[str, Any]]) -> pd.DataFrame:
    """Blocks of rows below each other, column by column."""
    return pd.DataFrame(
        {
            column.name: series(
                column,
                np.concatenate([np.asarray(block[column.name]) for block in blocks])
                if blocks and column.kind != "text"
                else [value for block in blocks for value in block[column.name]],
            )
            for column in columns
        }
    )
