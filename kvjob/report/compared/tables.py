"""The tables of a comparison: what differs, and the levels of both studies side by side."""

from kvjob.report.bootstrap import Interval
from kvjob.report.compared.document import Comparison, LevelPair, LevelSide
from kvjob.report.cost import MINUTES_PER_HOUR, brief
from kvjob.report.measure import POINTS
from kvjob.report.tables.table import Column, Part, Row, Share, Table, Value

_SCORES = (
    Column("seeds_a", "Seeds A"),
    Column("seeds_b", "Seeds B"),
    Column("iou_a", "IoU A"),
    Column("iou_b", "IoU B"),
    Column("dice_a", "Dice A"),
    Column("dice_b", "Dice B"),
    Column("verdict", "B against A", numeric=False),
)
_PAIRED = (
    Column("iou_difference", "Δ IoU [95 %]", digits=2),
    Column("dice_difference", "Δ Dice [95 %]", digits=2),
    Column("p", "p, corrected"),
    Column("detectable", "Detectable Δ IoU", digits=2, scale=POINTS),
)
_APART = (
    Column("iou_interval_a", "IoU A [95 %]"),
    Column("iou_interval_b", "IoU B [95 %]"),
    Column("iou_gap", "B less A (points)", digits=2, scale=POINTS),
)


def differing_table(record: Comparison) -> Table:
    """One row for each thing that is not the same."""
    columns = Column("a", "A", numeric=False), Column("b", "B", numeric=False)
    rows = tuple(
        Row(each.name, each.name, {"a": each.a or None, "b": each.b or None}) for each in record.differing
    )
    caption = "Configuration of the base, data, code, libraries and machines; what is the same is left out."
    return Table("table-differs", "Table A", "What differs", "What", (Part(caption, columns, rows),))


def levels_table(record: Comparison) -> Table:
    """One row per level of both studies, in three parts."""
    rows = tuple(_row(pair) for pair in record.levels)
    apart = "Mean IoU with its own 95 % interval. Nothing pairs the images, so the gap has no interval."
    paired = "B less A over the same test images in points, p corrected for the number of comparisons (Holm)."
    return Table(
        name="table-levels",
        label="Table B",
        title="Levels of both studies",
        head="Level",
        parts=(
            Part("Test set, mean over images (mean ± standard deviation over seeds).", _SCORES, rows),
            Part(paired, _PAIRED, rows) if record.same_images else Part(apart, _APART, rows),
            Part("What training took.", _costs(record), rows),
        ),
        notes=tuple(f"{pair.title}: {note}" for pair in record.levels for note in pair.notes),
    )


def _row(pair: LevelPair) -> Row:
    cells: dict[str, Value] = {
        **_side(pair.a, "a"),
        **_side(pair.b, "b"),
        "iou_difference": pair.iou,
        "dice_difference": pair.dice,
        "p": pair.iou.adjusted_p if pair.iou else None,
        "detectable": pair.iou.detectable if pair.iou else None,
        "iou_gap": pair.b.iou.mean - pair.a.iou.mean if pair.a.iou and pair.b.iou else None,
        "verdict": pair.verdict,
    }
    return Row(f"{pair.experiment}/{pair.level}", pair.title, cells)


def _side(side: LevelSide, name: str) -> dict[str, Value]:
    return {
        f"seeds_{name}": Share(side.finished, side.seeds),
        f"iou_{name}": side.iou,
        f"dice_{name}": side.dice,
        f"iou_interval_{name}": _interval(side.iou_interval),
        f"epochs_{name}": side.epochs,
        f"hours_{name}": side.cost.hours if side.cost.attempts else None,
        f"wasted_hours_{name}": side.cost.wasted_hours if side.cost.attempts else None,
    }


def _interval(found: Interval | None) -> str | None:
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" if found else None


def _costs(record: Comparison) -> tuple[Column, ...]:
    units = {name: side.cost.unit for name, side in (("a", record.a), ("b", record.b))}
    digits, scale = 3, 1
    if brief(side.cost.hours for pair in record.levels for side in (pair.a, pair.b) if side.cost.attempts):
        units = {name: unit.replace("hours", "minutes") for name, unit in units.items()}
        digits, scale = 1, MINUTES_PER_HOUR
    epochs = [Column(f"epochs_{name}", f"Epochs {name.upper()}", digits=1) for name in ("a", "b")]
    times = [
        Column(f"{key}_{name}", f"{title or units[name]} {name.upper()}", digits=digits, scale=scale)
        for key, title in (("hours", ""), ("wasted_hours", "wasted"))
        for name in ("a", "b")
    ]
    return (*epochs, *times)
