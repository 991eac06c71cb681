"""The configuration that follows from a study: per factor the level to take, by one stated rule."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kvjob.report.bootstrap import Difference
from kvjob.report.conclusions.facts import ExperimentFacts, LevelFacts, Price, ratio
from kvjob.report.measure import POINTS
from kvjob.report.read import StudyData
from kvjob.study import TrainConfig, train_config
from kvjob.study.plan import base_values

MARGIN = 1.0
"""Points of IoU: a cheaper level must be shown to lose less than this."""
CHEAPER = 0.9
"""Share of the baseline's device-hours a run at or below which a level counts as cheaper."""

RULE = (
    "Per factor, the best level that is distinguishably better than the baseline; if there is none, the "
    "cheapest that is not distinguishable from it, whose whole 95 % interval lies above "
    f"−{MARGIN:.0f} point of IoU, and that takes at most {CHEAPER * 100:.0f} % of its device-hours a run; "
    "else the baseline. Where nothing can be concluded, the baseline stays, and a level of which a seed "
    "diverged is not taken."
)

Reason = Literal["better", "cheaper", "baseline", "diverges", "no conclusion", "set aside"]
"""`baseline`: no level is better, or cheaper and as good; `diverges`: one is, but a seed of it diverged;
`set aside`: another factor's choice sets the same field."""


class Choice(BaseModel):
    """The level to take of one factor."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    experiment: str
    title: str
    level: str
    """Empty where the base configuration is no level of the experiment that has a name."""
    label: str
    reason: Reason
    """What the rule found."""
    changes: dict[str, Any]
    """Fields of TrainConfig that it sets over the study's base; none for the baseline."""
    iou_difference: Difference | None
    """From the baseline, all else equal; None for the baseline."""
    dice_difference: Difference | None
    """The same in Dice."""
    price: Price | None
    """What the level costs."""
    baseline_price: Price | None
    """What the baseline costs."""

    @property
    def hours_ratio(self) -> float | None:
        """Its device-hours a run over the baseline's."""
        return ratio(self.price, self.baseline_price, "hours")


class Recommendation(BaseModel):
    """The choices together."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: str
    """The rule by which levels were chosen."""
    choices: tuple[Choice, ...]
    """One of each experiment."""
    changes: dict[str, Any]
    """Fields of TrainConfig in which the recommended configuration differs from the study's base."""
    config: dict[str, Any]
    """All its fields but the seed."""
    trained: tuple[str, ...]
    """Keys of finished runs of exactly this configuration, by seed."""

    @property
    def untested(self) -> bool:
        """Whether there is something to train that has not been trained."""
        return bool(self.changes) and not self.trained


def choose(facts: ExperimentFacts) -> tuple[LevelFacts | None, Reason]:
    """The level of one factor, by RULE; None stands for the baseline."""
    if facts.limit != "none":
        return None, "no conclusion"
    better = facts.with_verdict("better")
    alike = facts.with_verdict("not distinguishable")
    cheap = sorted(
        (level for level in alike if _cheap_and_good(level, facts.baseline)),
        key=lambda level: (level.price.hours or 0.0, -level.gain),
    )
    if steady := [level for level in better if not level.diverged]:
        return steady[0], "better"
    if steady := [level for level in cheap if not level.diverged]:
        return steady[0], "cheaper"
    return None, "diverges" if better or cheap else "baseline"


def recommend(data: StudyData, facts: Sequence[ExperimentFacts]) -> Recommendation:
    """Choose per factor, and put the choices together."""
    choices = _without_conflicts([_choice(data, each) for each in facts])
    changes = {field: value for choice in choices for field, value in choice.changes.items()}
    config = train_config({**base_values(data.plan.study), **changes}, "the recommended levels")
    return Recommendation(
        rule=RULE,
        choices=choices,
        changes=changes,
        config=config.model_dump(mode="json", exclude={"seed"}),
        trained=_trained(data, config),
    )


def _cheap_and_good(level: LevelFacts, base: LevelFacts | None) -> bool:
    if base is None or level.iou_difference is None:
        return False
    saved = ratio(level.price, base.price, "hours")
    return saved is not None and saved <= CHEAPER and level.iou_difference.low * POINTS > -MARGIN


def _choice(data: StudyData, facts: ExperimentFacts) -> Choice:
    level, reason = choose(facts)
    base = facts.baseline
    experiment = next(item for item in data.plan.study.experiments if item.name == facts.experiment)
    if level is None:
        name = next((item.name for item in experiment.levels if data.is_baseline(experiment, item)), "")
        return Choice(
            experiment=facts.experiment,
            title=facts.title,
            level=name,
            label=facts.baseline_label,
            reason=reason,
            changes={},
            iou_difference=None,
            dice_difference=None,
            price=base.price if base else None,
            baseline_price=base.price if base else None,
        )
    return Choice(
        experiment=facts.experiment,
        title=facts.title,
        level=level.level,
        label=level.label,
        reason=reason,
        changes=next(item.changes for item in experiment.levels if item.name == level.level),
        iou_difference=level.iou_difference,
        dice_difference=level.dice_difference,
        price=level.price,
        baseline_price=base.price if base else None,
    )


def _without_conflicts(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Where two factors set one field to different values, the greater gain has it."""
    taken: dict[str, Any] = {}
    dropped = set()
    for choice in sorted(
        choices, key=lambda each: -(each.iou_difference.mean if each.iou_difference else 0.0)
    ):
        if any(field in taken and taken[field] != value for field, value in choice.changes.items()):
            dropped.add(choice.experiment)
        else:
            taken |= choice.changes
    return tuple(
        each.model_copy(update={"reason": "set aside", "changes": {}}) if each.experiment in dropped else each
        for each in choices
    )


def _trained(data: StudyData, config: TrainConfig) -> tuple[str, ...]:
    same = [
        run
        for run in data.runs
        if run.standing == "finished" and run.planned.config == config.model_copy(update={"seed": run.seed})
    ]
    return tuple(run.key for run in sorted(same, key=lambda run: run.seed))
