"""Beside the paper: what differs between the two studies, and every published value next to ours."""

from collections.abc import Iterable, Sequence

from kvjob.report.beside import Beside, BesideScore
from kvjob.report.tables.table import NOT_AT_HAND, Column, Part, Points, Row, Table, Value, roman

_TITLES = {
    "loss": "loss",
    "accuracy": "accuracy",
    "iou": "IoU",
    "dice": "Dice",
    "precision": "precision",
    "recall": "recall",
}
_COUNTS = {"parameters": "parameters", "trainable": "trainable parameters"}
_PUBLISHED = (Column("table", "Table", numeric=False), Column("published", "Published"))
_COMPARED = (
    Column("ours", "Ours [95 %]"),
    Column("difference_points", "Difference (points)"),
    Column("inside", "The paper’s value is", numeric=False),
    Column("over_all_pixels", "All pixels"),
)


def protocol_table(beside: Beside) -> Table:
    """One line per respect in which the studies may differ."""
    columns = (
        Column("paper", "The paper", numeric=False),
        Column("ours", "This study", numeric=False),
        Column("verdict", "Alike", numeric=False),
    )
    rows = [
        Row(
            f"{number:02}",
            line.aspect,
            {"paper": line.paper or NOT_AT_HAND, "ours": line.ours, "verdict": line.verdict},
        )
        for number, line in enumerate(beside.protocol, 1)
    ]
    return Table(
        name="table-protocol",
        label="Protocol",
        title="What the two studies do alike, and what not",
        head="Aspect",
        parts=(Part("This study’s column is its base configuration.", columns, tuple(rows)),),
    )


def beside_table(beside: Beside) -> Table:
    """Every published value there is, next to ours where the two can be compared, and what is not at hand."""
    columns = (*_PUBLISHED, *(_COMPARED if beside.comparable else ()))
    values = [*(count.published for count in beside.network), *(score.published for score in beside.scores)]
    known = sum(value is not None for value in values)
    return Table(
        name="table-beside-paper",
        label="Beside the paper",
        title="Published values" + (" and ours" if beside.comparable else ""),
        head="Value",
        parts=(
            Part(
                _caption(known, len(values), beside.comparable),
                columns,
                (*_network(beside), *(row for number in _numbers(beside) for row in _rows(beside, number))),
            ),
        ),
    )


def _caption(known: int, of: int, comparable: bool) -> str:
    said = f"The paper’s Tables I to IV: {known} of {of} values at hand."
    if not comparable:
        return said
    return (
        f"{said} Ours: mean over images and seeds with the 95 % interval of that mean; the difference is "
        "ours minus published; the last column is ours over all pixels."
    )


def _numbers(beside: Beside) -> list[int]:
    return sorted({score.table for score in beside.scores})


def _rows(beside: Beside, number: int) -> Iterable[Row]:
    """Values at hand one by one, of each level the others together, and a table without any in one row."""
    scores = [score for score in beside.scores if score.table == number]
    if all(score.published is None for score in scores):
        yield _gap(f"{number}", number, f"all {len(scores)} scores of {scores[0].experiment}")
        return
    for level in dict.fromkeys(score.level for score in scores):
        own = [score for score in scores if score.level == level]
        yield from (_row(score, beside.comparable) for score in own if score.published is not None)
        if unknown := [score for score in own if score.published is None]:
            names = "all scores" if len(unknown) == len(own) else _listed(unknown)
            yield _gap(f"{number}-{level}", number, f"{own[0].label}: {names}")


def _row(score: BesideScore, comparable: bool) -> Row:
    cells: dict[str, Value] = {"table": roman(score.table), "published": str(score.published)}
    if comparable:
        cells |= {
            "ours": score.interval or score.ours,
            "difference_points": None if score.difference is None else Points(score.difference),
            "inside": _inside(score),
            "over_all_pixels": score.over_all_pixels,
        }
    return Row(f"{score.table}-{score.level}-{score.score}", f"{score.label}: {_TITLES[score.score]}", cells)


def _inside(score: BesideScore) -> str:
    if score.ours is None:
        return "no result here"
    if score.inside is None:
        return "no interval"
    return "inside our interval" if score.inside else "outside it"


def _gap(name: str, number: int, title: str) -> Row:
    return Row(name, title, {"table": roman(number), "published": NOT_AT_HAND})


def _listed(scores: Sequence[BesideScore]) -> str:
    return ", ".join(_TITLES[score.score] for score in scores)


def _network(beside: Beside) -> Iterable[Row]:
    for count in beside.network:
        published = NOT_AT_HAND if count.published is None else count.published
        cells: dict[str, Value] = {"table": "I", "published": published}
        if beside.comparable:
            cells["ours"] = count.ours
            cells["inside"] = _same(count.published, count.ours)
        yield Row(f"1-{count.name}", _COUNTS[count.name], cells)


def _same(published: int | None, ours: int | None) -> str:
    if published is None or ours is None:
        return ""
    return "the same" if published == ours else f"{ours - published:+,} parameters".replace("-", "−")
