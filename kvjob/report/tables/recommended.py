"""The recommended level of each factor, and its price beside the baseline."""

from kvjob.report.conclusions.answer import reason
from kvjob.report.conclusions.facts import ratio
from kvjob.report.conclusions.recommend import Choice, Recommendation
from kvjob.report.tables.table import Column, Part, Row, Table, Value

_COLUMNS = (
    Column("take", "Take", numeric=False),
    Column("iou_difference", "Δ IoU [95 %]"),
    Column("dice_difference", "Δ Dice [95 %]"),
    Column("hours_ratio", "Device-hours", digits=2),
    Column("parameters_ratio", "Parameters", digits=2),
    Column("speed_ratio", "Images/s", digits=2),
    Column("why", "Why", numeric=False),
)


def recommended_table(recommended: Recommendation) -> Table:
    """One row per factor; ratios are to the baseline."""
    return Table(
        name="table-recommended",
        label="Recommended configuration",
        title="Level by level",
        head="Factor",
        parts=(
            Part(
                "Each level alone against the baseline; costs are ratios to the baseline’s.",
                _COLUMNS,
                tuple(map(_row, recommended.choices)),
            ),
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
