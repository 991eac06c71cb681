"""What is known of one experiment, as values: everything that its paragraph says is said from here."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.report.bootstrap import Difference
from kvjob.report.conclusions.claims import ClaimResult
from kvjob.report.conclusions.contest import FEWEST_SEEDS, Contest
from kvjob.report.read import Standing
from kvjob.report.summary import ExperimentSummary, LevelSummary

Limit = Literal[
    "nothing finished",
    "no baseline",
    "only the baseline",
    "too few images",
    "test-steered",
    "single seed",
    "none",
]
"""What keeps conclusions from being drawn, the hardest first; `none` if nothing does."""


class Price(BaseModel):
    """What a level costs; each is None where it has not been measured."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    hours: float | None
    """Device-hours a finished run, without what interruptions wasted."""
    unit: str
    """Name of the unit of `hours`."""
    parameters: float | None
    """Parameters of the network."""
    images_per_second: float | None
    """Training speed."""


class LevelFacts(BaseModel):
    """A level that has a result, beside the baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    level: str
    label: str
    baseline: bool
    iou: float
    """Mean over images and seeds, 0 to 1."""
    dice: float
    seeds: int
    """Finished."""
    diverged: int
    """Seeds whose loss stopped being finite; the means are of the others."""
    iou_difference: Difference | None
    """From the baseline; None for the baseline itself, and where nothing could be compared."""
    dice_difference: Difference | None
    """The same in Dice."""
    conclusive: bool
    """Whether its verdict counts: compared, several seeds on both sides, a test set that was held out."""
    price: Price
    """What it costs."""
    epochs: float | None
    """Trained, mean over seeds."""
    epochs_to_95: float | None
    """First epoch at 95 % of the best validation IoU, mean over seeds."""
    stability: float | None
    """Standard deviation of validation IoU over the last five epochs, in points."""

    @property
    def gain(self) -> float:
        """Difference in IoU from the baseline, 0 for the baseline."""
        return self.iou_difference.mean if self.iou_difference else 0.0

    @property
    def verdict(self) -> Literal["baseline", "better", "worse", "not distinguishable", "not compared"]:
        """The verdict that counts."""
        if self.baseline:
            return "baseline"
        if not self.conclusive or self.iou_difference is None:
            return "not compared"
        return self.iou_difference.comparison


class Unfinished(BaseModel):
    """A level of which seeds are missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    label: str
    finished: int
    """Seeds that have finished."""
    seeds: int
    """Seeds that were planned."""
    standings: dict[Standing, int]
    """Of the seeds that have not finished."""


class ExperimentFacts(BaseModel):
    """One experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    experiment: str
    title: str
    limit: Limit
    """What keeps conclusions from being drawn."""
    baseline_label: str
    """Empty if the study does not say which level is the baseline."""
    levels: tuple[LevelFacts, ...]
    """Those that have a result, the best first: by the difference from the baseline, else by IoU."""
    unfinished: tuple[Unfinished, ...]
    """Levels of which seeds have not finished."""
    images: int
    """Test images that were compared; 0 if none were."""
    lead: Contest | None
    """The best level against the next, where neither is the baseline."""
    claims: tuple[ClaimResult, ...]
    """What the paper claims of it."""

    @property
    def baseline(self) -> LevelFacts | None:
        """The baseline, if it has a result."""
        return next((level for level in self.levels if level.baseline), None)

    @property
    def best(self) -> LevelFacts | None:
        """The level that scored highest, if any has finished."""
        return self.levels[0] if self.levels else None

    def with_verdict(self, verdict: str) -> list[LevelFacts]:
        """Levels of that verdict, the best first."""
        return [level for level in self.levels if level.verdict == verdict]


def ranked(summary: ExperimentSummary) -> list[LevelFacts]:
    """Levels that have a result, the best first; equal ones in the order of the experiment."""
    found = [level for level in map(_level_facts, summary.levels) if level is not None]
    compared = any(level.baseline for level in found)
    return sorted(found, key=lambda level: (-_rank(level, compared), not level.baseline))


def experiment_facts(
    summary: ExperimentSummary, lead: Contest | None, claims: Sequence[ClaimResult]
) -> ExperimentFacts:
    """Gather what is known of an experiment."""
    levels = ranked(summary)
    return ExperimentFacts(
        experiment=summary.name,
        title=summary.title,
        limit=_limit(summary, levels),
        baseline_label=next((level.label for level in summary.levels if level.baseline), ""),
        levels=tuple(levels),
        unfinished=tuple(map(_unfinished, filter(_has_gaps, summary.levels))),
        images=max((level.iou_difference.images for level in levels if level.iou_difference), default=0),
        lead=lead,
        claims=tuple(claims),
    )


def contenders(summary: ExperimentSummary) -> tuple[str, str] | None:
    """The best level and the next, if neither is the baseline, by which both are compared already."""
    first = [level for level in ranked(summary) if level.iou_difference or level.baseline][:2]
    if len(first) < 2 or any(level.baseline for level in first):
        return None
    return first[0].level, first[1].level


def ratio(
    ours: Price | None, theirs: Price | None, field: Literal["hours", "parameters", "images_per_second"]
) -> float | None:
    """One price over the other, where both are known and of one unit."""
    if ours is None or theirs is None or (field == "hours" and ours.unit != theirs.unit):
        return None
    above, below = getattr(ours, field), getattr(theirs, field)
    return float(above / below) if above and below else None


def _rank(level: LevelFacts, compared: bool) -> float:
    """A level that could not be compared stands after all that were."""
    if not compared:
        return level.iou
    return level.gain if level.iou_difference or level.baseline else level.iou - 10


def _level_facts(level: LevelSummary) -> LevelFacts | None:
    if level.mean_over_images is None:
        return None
    scores, found = level.mean_over_images, level.difference
    return LevelFacts(
        level=level.level,
        label=level.label,
        baseline=level.baseline,
        iou=scores["iou"].mean,
        dice=scores["dice"].mean,
        seeds=scores["iou"].n,
        diverged=level.standings.get("diverged", 0),
        iou_difference=None if level.baseline else found,
        dice_difference=None if level.baseline else level.dice_difference,
        conclusive=found is not None and min(found.seeds) >= FEWEST_SEEDS and not level.test_steered,
        price=Price(
            hours=level.price("hours_per_run") if level.cost.device_kind != "mixed" else None,
            unit=level.cost.unit,
            parameters=level.price("parameters"),
            images_per_second=level.price("images_per_second"),
        ),
        epochs=level.epochs.mean if level.epochs else None,
        epochs_to_95=level.epochs_to_95.mean if level.epochs_to_95 else None,
        stability=level.stability.mean if level.stability else None,
    )


def _limit(summary: ExperimentSummary, levels: Sequence[LevelFacts]) -> Limit:
    if not levels:
        return "nothing finished"
    if not any(level.baseline for level in levels):
        return "no baseline"
    if len(levels) == 1:
        return "only the baseline"
    if not any(level.iou_difference for level in levels):
        return "too few images"
    if any(level.test_steered for level in summary.levels):
        return "test-steered"
    return "none" if any(level.conclusive for level in levels) else "single seed"


def _has_gaps(level: LevelSummary) -> bool:
    return level.standings.get("finished", 0) < level.seeds


def _unfinished(level: LevelSummary) -> Unfinished:
    return Unfinished(
        label=level.label,
        finished=level.standings.get("finished", 0),
        seeds=level.seeds,
        standings={name: count for name, count in sorted(level.standings.items()) if name != "finished"},
    )
