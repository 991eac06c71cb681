"""What a study found: per level of each experiment the scores, the difference from the baseline, the cost."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from kvjob.records.run import Result
from kvjob.report.bootstrap import Difference
from kvjob.report.compare import Compared, Verdict, compare, corrected
from kvjob.report.cost import Cost, cost
from kvjob.report.measure import Measure, measure
from kvjob.report.pareto import AXES, Axis, front
from kvjob.report.published import Published, PublishedScores
from kvjob.report.read import Run, Standing, StudyData
from kvjob.report.training import (
    epochs_to_nearly_best,
    images_per_second,
    spread_of_last_epochs,
    useful_hours,
)
from kvjob.study import Experiment, Level
from kvjob.study.scores import SCORES


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
    dice_difference: Difference | None
    """Of Dice (mean over images) from the baseline."""
    verdict: Verdict
    """By IoU."""
    epochs: Measure | None
    """Epochs trained."""
    epochs_to_95: Measure | None
    """Convergence: the first epoch whose validation IoU (mean over images) reaches 95 % of the run's best."""
    stability: Measure | None
    """Spread of the end: sample standard deviation of validation IoU over a run's last five epochs, in points
    (hundredths of IoU). Runs of fewer than five epochs have none and are left out."""
    images_per_second: Measure | None
    """Training speed: the median of a run's epochs."""
    hours_per_run: Measure | None
    """Device-hours that a finished run took, less what interruptions wasted; `cost` has all hours."""
    cost: Cost
    notes: tuple[str, ...]
    """What keeps seeds out of the row, and why."""
    parameters: int | None
    """Parameters of the network."""
    pareto: tuple[Axis, ...]
    """Against which of these its test IoU (mean over images and seeds) is on the study's Pareto front: no
    level of any experiment is at least as good in both and better in one. Fewer hours and parameters and more
    images per second are better. Levels with equal values are on it together."""
    published: PublishedScores | None
    """The paper's row; None where the paper has no such level."""
    runs: tuple[str, ...]
    """Run keys, by seed."""

    @property
    def iou(self) -> float | None:
        """Mean test IoU over images and seeds, 0 to 1."""
        return self.mean_over_images["iou"].mean if self.mean_over_images else None

    def price(self, axis: Axis) -> float | None:
        """What it takes on an axis, in that axis's unit: hours, parameters, images per second."""
        value = self.parameters if axis == "parameters" else getattr(self, axis)
        return value.mean if isinstance(value, Measure) else value


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
    """All experiments in their order; p-values are corrected for the number of levels that are compared."""
    numbers = published.table_numbers()
    compared = corrected(_compare_all(data))
    further = iter(range(5, 5 + len(data.plan.study.experiments)))
    experiments = tuple(
        ExperimentSummary(
            name=experiment.name,
            title=experiment.title,
            question=experiment.question,
            factor=experiment.factor,
            table=numbers[experiment.name] if experiment.name in numbers else next(further),
            levels=tuple(
                _summarise_level(data, experiment, level, compared[experiment.name, level.name], published)
                for level in experiment.levels
            ),
        )
        for experiment in data.plan.study.experiments
    )
    return _marked(experiments)


def level_label(experiment: Experiment, level: Level) -> str:
    """The level's label, with the unit where the label is a bare value."""
    return (
        f"{level.label} {experiment.unit}" if experiment.unit and level.label == level.name else level.label
    )


def _compare_all(data: StudyData) -> dict[tuple[str, str], Compared]:
    """Every level against its experiment's baseline, by names of experiment and level."""
    found = {}
    for experiment in data.plan.study.experiments:
        runs = {level.name: data.runs_of(experiment, level) for level in experiment.levels}
        base = [level.name for level in experiment.levels if data.is_baseline(experiment, level)]
        against = runs[base[0]] if base else ()
        for name in runs:
            found[experiment.name, name] = compare(runs[name], None if name in base else against)
    return found


def _summarise_level(
    data: StudyData, experiment: Experiment, level: Level, compared: Compared, published: Published
) -> LevelSummary:
    runs = data.runs_of(experiment, level)
    done = [run for run in runs if run.standing == "finished"]
    results = [run.result for run in done if run.result is not None and run.result.test is not None]
    return LevelSummary(
        level=level.name,
        label=level_label(experiment, level),
        baseline=data.is_baseline(experiment, level),
        seeds=len(runs),
        standings=dict(Counter(run.standing for run in runs)),
        test_steered=any(run.planned.config.protocol == "test-steered" for run in runs),
        mean_over_images=_scores(results, pixels=False),
        over_all_pixels=_scores(results, pixels=True),
        difference=compared.iou,
        dice_difference=compared.dice,
        verdict=compared.verdict,
        epochs=measure(result.epochs for result in results),
        epochs_to_95=measure(map(epochs_to_nearly_best, done)),
        stability=measure(map(spread_of_last_epochs, done)),
        images_per_second=measure(map(images_per_second, done)),
        hours_per_run=measure(map(useful_hours, done)),
        cost=cost(runs),
        notes=(*_notes(runs), *compared.notes),
        parameters=next((run.model.parameters for run in runs if run.model), None),
        pareto=(),
        published=published.scores(experiment.name, level.name),
        runs=tuple(run.key for run in runs),
    )


def _marked(experiments: tuple[ExperimentSummary, ...]) -> tuple[ExperimentSummary, ...]:
    """The same, each level marked with the Pareto fronts of the whole study that it is on."""
    levels = [level for experiment in experiments for level in experiment.levels]
    scores = [level.iou for level in levels]
    fronts = {axis: front(scores, [level.price(axis) for level in levels], axis) for axis in AXES}
    marks = iter([tuple(axis for axis in AXES if fronts[axis][i]) for i in range(len(levels))])
    return tuple(
        experiment.model_copy(
            update={
                "levels": tuple(
                    level.model_copy(update={"pareto": next(marks)}) for level in experiment.levels
                )
            }
        )
        for experiment in experiments
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


def _required(values: Iterable[float]) -> Measure:
    found = measure(values)
    assert found is not None
    return found
