"""What others have published on Kvasir-Instrument, beside this study's baseline where it can be."""

from collections.abc import Sequence

from kvjob.report.beside import Beside, BesideOther
from kvjob.report.tables.table import Column, Part, Points, Row, Table, Value

_SCORES = (Column("iou", "IoU"), Column("dice", "Dice"))
_COMPARED = (
    Column("iou_difference_points", "Δ IoU (points)"),
    Column("dice_difference_points", "Δ Dice (points)"),
    Column("inside", "Theirs lie", numeric=False),
)
_OURS = " Δ: our baseline minus theirs, and whether theirs lie inside our 95 % intervals."
_SOURCE = Column("source", "Source", numeric=False)


def others_table(beside: Beside, note: str) -> Table:
    """One row per published result, and the baseline of this study if it has finished and can be compared.

    Args:
        beside: the comparison.
        note: what the published results have in common.
    """
    compared = beside.comparable and bool(beside.baseline)
    methods = list(dict.fromkeys(other.method for other in beside.others))
    rows = [
        _row([other for other in beside.others if other.method == method], compared) for method in methods
    ]
    if compared:
        ours: dict[str, Value] = {score: beside.baseline[score] for score in ("iou", "dice")}
        rows.insert(0, Row("baseline", "This study’s baseline", {**ours, "source": "this report"}))
    return Table(
        name="table-published",
        label="Published results",
        title="Kvasir-Instrument",
        head="Method",
        parts=(
            Part(
                f"{note}{_OURS if compared else ''}",
                (*_SCORES, *(_COMPARED if compared else ()), _SOURCE),
                tuple(rows),
            ),
        ),
    )


def _row(scores: Sequence[BesideOther], compared: bool) -> Row:
    cells: dict[str, Value] = {each.score: f"{each.published:.4f}" for each in scores}
    if compared:
        cells |= {
            f"{each.score}_difference_points": Points(each.difference)
            for each in scores
            if each.difference is not None
        }
        cells["inside"] = _inside(scores)
    return Row(scores[0].method, scores[0].method, {**cells, "source": scores[0].source}, kind="published")


def _inside(scores: Sequence[BesideOther]) -> str:
    told = {bool(each.inside) for each in scores}
    if len(told) > 1:
        return f"inside for {' and '.join(_name(each) for each in scores if each.inside)}"
    return "inside" if told == {True} else "outside"


def _name(score: BesideOther) -> str:
    return {"iou": "IoU", "dice": "Dice"}.get(score.score, score.score)
