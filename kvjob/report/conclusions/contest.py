"""Two levels of an experiment against each other, whichever of them is the baseline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from kvjob.report.bootstrap import Difference
from kvjob.report.compare import Compared, compare, corrected
from kvjob.report.read import Run, StudyData
from kvjob.report.summary import ExperimentSummary, LevelSummary

FEWEST_SEEDS = 2
"""With a single seed nothing is known of how seeds differ, so nothing is concluded."""

Pair = tuple[str, str, str]
"""Names of an experiment, a level, and the level that it is compared with."""


class Contest(BaseModel):
    """A level's scores minus another's, over the same test images."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    level: str
    label: str
    other: str
    """Name of the level it is compared with."""
    other_label: str
    """Its name in print."""
    iou: Difference | None
    """`level` minus `other`; None if there is nothing to compare."""
    dice: Difference | None
    """The same in Dice."""
    hindrance: str
    """Why no conclusion is drawn from it, whatever the numbers; empty if one is."""

    @property
    def conclusive(self) -> bool:
        """Whether its verdict counts."""
        return self.iou is not None and not self.hindrance


@dataclass(frozen=True, slots=True)
class Contests:
    """Every contest that conclusions ask for, computed once.

    A pair with the baseline takes the difference of the experiment's table; other pairs are compared anew,
    and their p-values are corrected (Holm) for their own number.
    """

    experiments: Mapping[str, ExperimentSummary]
    others: Mapping[Pair, Compared]

    @classmethod
    def of(
        cls, data: StudyData, summaries: Sequence[ExperimentSummary], wanted: Iterable[Pair]
    ) -> "Contests":
        """Compare the wanted pairs; those of levels that the study lacks are passed over."""
        experiments = {summary.name: summary for summary in summaries}
        found: dict[Pair, Compared] = {}
        for pair in wanted:
            name, level, other = pair
            sides = _levels(experiments, *pair)
            if sides is None or any(side.baseline for side in sides) or (name, other, level) in found:
                continue
            found[pair] = compare(_runs(data, name, level), _runs(data, name, other))
        return cls(experiments, corrected(found))

    def contest(self, experiment: str, level: str, other: str) -> Contest | None:
        """The contest of two levels; None if the study does not have both."""
        sides = _levels(self.experiments, experiment, level, other)
        if sides is None:
            return None
        first, second = sides
        iou, dice = self._differences(experiment, first, second)
        return Contest(
            level=level,
            label=first.label,
            other=other,
            other_label=second.label,
            iou=iou,
            dice=dice,
            hindrance=_hindrance(first, second, iou),
        )

    def _differences(
        self, experiment: str, first: LevelSummary, second: LevelSummary
    ) -> tuple[Difference | None, Difference | None]:
        if second.baseline:
            return first.difference, first.dice_difference
        if first.baseline:
            return turned(second.difference), turned(second.dice_difference)
        if (found := self.others.get((experiment, first.level, second.level))) is not None:
            return found.iou, found.dice
        if (found := self.others.get((experiment, second.level, first.level))) is not None:
            return turned(found.iou), turned(found.dice)
        return None, None


def turned(difference: Difference | None) -> Difference | None:
    """The same difference, seen from the other side."""
    if difference is None:
        return None
    return difference.model_copy(
        update={
            "mean": -difference.mean,
            "low": -difference.high,
            "high": -difference.low,
            "seeds": difference.seeds[::-1],
        }
    )


def _levels(
    experiments: Mapping[str, ExperimentSummary], name: str, *levels: str
) -> tuple[LevelSummary, LevelSummary] | None:
    if name not in experiments:
        return None
    known = {level.level: level for level in experiments[name].levels}
    first, second = (known.get(level) for level in levels)
    return None if first is None or second is None else (first, second)


def _runs(data: StudyData, experiment: str, level: str) -> tuple[Run, ...]:
    found = next(item for item in data.plan.study.experiments if item.name == experiment)
    return data.runs_of(found, next(item for item in found.levels if item.name == level))


def _hindrance(first: LevelSummary, second: LevelSummary, iou: Difference | None) -> str:
    """Why the contest decides nothing."""
    for level in (first, second):
        if not level.standings.get("finished"):
            return f"{level.label} has no result"
    if iou is None:
        return "there are too few test images in common to compare them"
    if first.test_steered or second.test_steered:
        return "the test set steered training"
    if min(iou.seeds) < FEWEST_SEEDS:
        return "a single seed says nothing of other seeds"
    ahead = first if iou.mean > 0 else second
    if ahead.standings.get("diverged"):
        return f"a seed of {ahead.label} diverged, so its mean is of the luckier ones"
    return ""
