"""What a study found: per level of each experiment the scores, the difference from the baseline, the cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from kvjob.records.run import Result
from kvjob.report.bootstrap import FEWEST_IMAGES, Comparison, Difference, paired_bootstrap
from kvjob.report.cost import Cost, cost
from kvjob.report.published import Published, PublishedScores
from kvjob.report.read import Run, Standing, StudyData
from kvjob.study import Experiment, Level
from kvjob.study.scores import SCORES, score_each

Verdict = Literal[Comparison, "baseline", "no baseline", "too few images", "no result"]
"""`no baseline`: the level has a result and the baseline none; `no result`: the level itself has none."""


class Measure(BaseModel):
    """A quantity over seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    std: float | None
    """Sample standard deviation over seeds; None for a single seed."""
    n: int
    """Number of seeds."""


class LevelSummary(BaseModel):
    """One row of an experiment's table; a level without a finished run has None for every measured value."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    level: str
    label: str
    baseline: bool
    seeds: int
    """Planned replicates."""
    standings: dict[Standing, int]
    """How many of them are finished, diverged, …"""
    test_steered: bool
    """Whether the test set decided when to stop, so that its scores flatter."""
    mean_over_images: dict[str, Measure] | None
    """Test loss and scores: mean over images of each image's score, then over seeds."""
    over_all_pixels: dict[str, Measure] | None
    """Test scores of all pixels of all images together, over seeds."""
    difference: Difference | None
    """Of IoU (mean over images) from the baseline."""
    verdict: Verdict
    epochs: Measure | None
    """Epochs trained."""
    cost: Cost
    notes: tuple[str, ...]
    """What keeps seeds out of the row, and why."""
    parameters: int | None
    """Parameters of the network."""
    published: PublishedScores | None
    """The paper's row; None where the paper has no such level."""
    runs: tuple[str, ...]
    """Run keys, by seed."""


class ExperimentSummary(BaseModel):
    """An experiment with its rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    title: str
    question: str
    factor: str
    table: int
    """Number of its table: II, III and IV are the paper's, others go on from V."""
    levels: tuple[LevelSummary, ...]


def summarise(data: StudyData, published: Published) -> tuple[ExperimentSummary, ...]:
    """All experiments of the study in their order."""
    numbers = published.table_numbers()
    further = iter(range(5, 5 + len(data.plan.study.experiments)))
    return tuple(
        ExperimentSummary(
            name=experiment.name,
            title=experiment.title,
            question=experiment.question,
            factor=experiment.factor,
            table=numbers[experiment.name] if experiment.name in numbers else next(further),
            levels=tuple(_summarise_level(data, experiment, level, published) for level in experiment.levels),
        )
        for experiment in data.plan.study.experiments
    )


def level_label(experiment: Experiment, level: Level) -> str:
    """The level's label, with the unit where the label is a bare value."""
    return (
        f"{level.label} {experiment.unit}" if experiment.unit and level.label == level.name else level.label
    )


def _summarise_level(
    data: StudyData, experiment: Experiment, level: Level, published: Published
) -> LevelSummary:
    runs = data.runs_of(experiment, level)
    baseline = data.is_baseline(experiment, level)
    done = [run for run in runs if run.standing == "finished"]
    results = [run.result for run in done if run.result is not None and run.result.test is not None]
    difference, verdict, reason = _compare(runs, _baseline_runs(data, experiment), baseline)
    return LevelSummary(
        level=level.name,
        label=level_label(experiment, level),
        baseline=baseline,
        seeds=len(runs),
        standings=dict(Counter(run.standing for run in runs)),
        test_steered=any(run.planned.config.protocol == "test-steered" for run in runs),
        mean_over_images=_scores(results, pixels=False),
        over_all_pixels=_scores(results, pixels=True),
        difference=difference,
        verdict=verdict,
        epochs=_measure(result.epochs for result in results),
        cost=cost(runs),
        notes=(*_notes(runs), *reason),
        parameters=next((run.model.parameters for run in runs if run.model), None),
        published=published.scores(experiment.name, level.name),
        runs=tuple(run.key for run in runs),
    )


def _notes(runs: Sequence[Run]) -> list[str]:
    """Why runs are not in the means; seeds with the same reason share a note."""
    reasons: dict[str, list[int]] = {}
    for run in runs:
        if run.standing != "finished":
            reasons.setdefault(_reason(run), []).append(run.seed)
    return [
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))} {reason}"
        for reason, seeds in reasons.items()
    ]


def _reason(run: Run) -> str:
    note = f"{run.standing}: {run.why.removeprefix(f'{run.standing}, ')}"
    if run.standing == "diverged" and run.result and run.result.test:
        iou = run.result.test.mean_over_images.iou
        note += f" (its best epoch before that, {run.result.best_epoch}, has test IoU {iou:.3f})"
    return note


def _scores(results: Sequence[Result], *, pixels: bool) -> dict[str, Measure] | None:
    phases = [result.test for result in results if result.test is not None]
    if not phases:
        return None
    sets = [phase.over_all_pixels if pixels else phase.mean_over_images for phase in phases]
    scores = {name: _required(getattr(each, name) for each in sets) for name in SCORES}
    return scores if pixels else {"loss": _required(phase.loss for phase in phases), **scores}


def _measure(values: Iterable[float]) -> Measure | None:
    numbers = np.array(list(values), dtype=np.float64)
    if not numbers.size:
        return None
    std = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    return Measure(mean=float(numbers.mean()), std=std, n=numbers.size)


def _required(values: Iterable[float]) -> Measure:
    measure = _measure(values)
    assert measure is not None
    return measure


def _baseline_runs(data: StudyData, experiment: Experiment) -> tuple[Run, ...]:
    for level in experiment.levels:
        if data.is_baseline(experiment, level):
            return data.runs_of(experiment, level)
    return ()


def _compare(
    runs: Sequence[Run], baseline_runs: Sequence[Run], baseline: bool
) -> tuple[Difference | None, Verdict, tuple[str, ...]]:
    """The difference, the verdict, and what else must be said of it."""
    ours, theirs = _scored(runs), _scored(baseline_runs)
    if not any(run.standing == "finished" for run in runs):
        return None, "no result", ()
    if baseline:
        return None, "baseline", ()
    if not ours:
        return None, "no result", ("scores.csv is missing, so there is nothing to compare image by image",)
    if not theirs:
        return None, "no baseline", ()
    images = sorted(
        set.intersection(*(set(run.counts.index) for run in (*ours, *theirs) if run.counts is not None))
    )
    if len(images) < FEWEST_IMAGES:
        return (
            None,
            "too few images",
            (f"{len(images)} test images in common; at least {FEWEST_IMAGES} needed",),
        )
    difference = paired_bootstrap(_iou(ours, images), _iou(theirs, images))
    return difference, difference.comparison, ()


def _scored(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.standing == "finished" and run.counts is not None]


def _iou(runs: Sequence[Run], images: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Shape (runs, images): IoU of each image."""
    frames = [run.counts.loc[images] for run in runs if run.counts is not None]
    return np.stack([score_each(frame.to_numpy())["iou"] for frame in frames])
