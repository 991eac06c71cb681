"""The recommended level of each factor, and its price beside the baseline."""

from dataclasses import replace

from kvjob.report.conclusions.answer import reason
from kvjob.report.conclusions.facts import ratio
from kvjob.report.conclusions.recommend import Choice, Recommendation
from kvjob.report.tables.table import Column, Part, Row, Table, Value

_TAKEN = (Column("take", "Take", numeric=False), Column("why", "Why", numeric=False))
_PRICE = (
    Column("iou_difference", "Δ IoU [95 %]"),
    Column("dice_difference", "Δ Dice [95 %]"),
    Column("hours_ratio", "Device-hours", digits=2),
    Column("speed_ratio", "Images/s", digits=2),
    Column("parameters_ratio", "Parameters", digits=2),
)


def recommended_table(recommended: Recommendation) -> Table:
    """One row per factor; then, where a level is taken, its price as ratios to the baseline."""
    rows = tuple(map(_row, recommended.choices))
    taken = [choice for choice in recommended.choices if choice.changes]
    departing = tuple(replace(_row(choice), title=f"{choice.title}: {choice.label}") for choice in taken)
    price = "Their price: each level alone against the baseline; costs are ratios to the baseline’s."
    return Table(
        name="table-recommended",
        label="Recommended configuration",
        title="Level by level",
        head="Factor",
        parts=(
            Part("What the rule takes.", _TAKEN, rows),
            *((Part(price, _PRICE, departing),) if departing else ()),
        ),
    )


def _row(choice: Choice) -> Row:
    cells: dict[str, Value] = {"take": _taken(choice), "why": reason(choice)}
    if choice.changes:
        cells |= {
            "iou_difference": choice.iou_difference,
            "dice_difference": choice.dice_difference,
            "hours_ratio": ratio(choice.price, choice.baseline_price, "hours"),
            "parameters_ratio": ratio(choice.price, choice.baseline_price, "parameters"),
            "speed_ratio": ratio(choice.price, choice.baseline_price, "images_per_second"),
        }
    return Row(choice.experiment, choice.title, cells)


def _taken(choice: Choice) -> str:
    if choice.changes or choice.reason == "set aside":
        return choice.label if choice.changes else "baseline"
    return choice.label if choice.label.startswith("baseline") else f"{choice.label} (baseline)"
