"""What the paper claims and the experiments ask, with the verdict of this study."""

from collections.abc import Sequence

from kvjob.report.conclusions.claims import ClaimResult
from kvjob.report.tables.table import Column, Part, Row, Table, Value

_COLUMNS = (
    Column("verdict", "Verdict", numeric=False),
    Column("why", "Differences in IoU (95 % interval)", numeric=False),
    Column("source", "Source", numeric=False),
)
_ELSEWHERE = {
    "confirmed": "points the same way",
    "contradicted": "points the other way",
    "undecided": "undecided",
}
_HERE = Column("on_this_data", "On these images", numeric=False)


def claims_table(results: Sequence[ClaimResult]) -> Table:
    """Claims first, then questions; neither part if there are none of its kind."""
    claims = [result for result in results if result.kind == "claim"]
    questions = [result for result in results if result.kind == "question"]
    elsewhere = any(result.verdict == "not tested" and result.contests for result in claims)
    verdict, *others = _COLUMNS
    parts = []
    if claims:
        columns = (verdict, *((_HERE,) if elsewhere else ()), *others)
        parts.append(Part("What the paper claims.", columns, tuple(map(_row, claims))))
    if questions:
        caption = "What the experiments ask: questions, which the paper is not known to have answered."
        parts.append(Part(caption, _COLUMNS[:2], tuple(map(_row, questions))))
    return Table(
        name="table-claims",
        label="Claims",
        title="This study’s verdicts",
        head="Claim or question",
        parts=tuple(parts),
    )


def _row(result: ClaimResult) -> Row:
    cells: dict[str, Value] = {"verdict": result.verdict, "why": result.why, "source": result.claim.source}
    if result.kind == "claim":
        cells["on_this_data"] = _ELSEWHERE[result.on_this_data] if result.contests else None
    return Row(result.claim.name, result.claim.text, cells)
