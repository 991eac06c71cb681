"""The page of a comparison, in the report's own style."""

from markupsafe import Markup

from kvjob.report.bootstrap import REPLICATES
from kvjob.report.compared.document import Comparison, LevelPair
from kvjob.report.measure import POINTS
from kvjob.report.page import style_sheet, templates
from kvjob.report.tables import Table, signed


def render_comparison(record: Comparison, differs: Table, levels: Table) -> str:
    """The page as HTML; every text is escaped."""
    template = templates().get_template("compared.html.j2")
    html = template.render(
        record=record,
        differs=differs,
        levels=levels,
        said=conclusion(record),
        replicates=REPLICATES,
        css=Markup(style_sheet()),  # noqa: S704  (a file of this package)
    )
    return f"{html}\n"


def conclusion(record: Comparison) -> str:
    """How B stands to A, in a sentence or two."""
    if record.same_study:
        return "A and B are the same study of the same store, so every difference is exactly zero."
    counts: dict[str, list[LevelPair]] = {}
    for pair in record.levels:
        counts.setdefault(pair.verdict, []).append(pair)
    told = [
        f"{verdict} in {_levels(pairs)}" for verdict in ("better", "worse") if (pairs := counts.get(verdict))
    ]
    alike = counts.get("not distinguishable", [])
    said = []
    if told or alike:
        tail = f"; {len(alike)} of {len(record.levels)} levels cannot be told apart" if alike else ""
        said = [f"B is {' and '.join(told) if told else 'nowhere better or worse'}{tail}."]
    if same := counts.get("same runs"):
        said.append(f"{_number(len(same), 'level')} look{'s' if len(same) == 1 else ''} at the same runs.")
    if not record.same_images:
        said.append("The data sets differ: the studies are not comparable image by image.")
    if open_ := [pair for pair in record.levels if pair.verdict.startswith(("no result", "too few"))]:
        said.append(f"{_number(len(open_), 'level')} cannot be compared (yet).")
    return " ".join(said)


def _levels(pairs: list[LevelPair]) -> str:
    shown = [
        f"{pair.title} ({signed(POINTS * pair.iou.mean, 1)} points)" if pair.iou else pair.title
        for pair in pairs[:6]
    ]
    more = [f"{len(pairs) - 6} more"] if len(pairs) > 6 else []
    return ", ".join(shown + more)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
