"""Tables as files: CSV for programs, Markdown for notes."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

from kvjob.errors import shown
from kvjob.report.bootstrap import Difference, Interval
from kvjob.report.measure import POINTS, Measure
from kvjob.report.tables.table import Points, Share, Table, Value, heads, texts

_FORMULA = ("=", "+", "-", "@")


def to_csv(table: Table) -> str:
    """One line per row, all parts side by side, full precision; absent values are empty.

    Column `origin` is `measured` or `published`. A measure fills two columns (the mean and
    `_std`), a difference and an interval three (`_low` and `_high` too), a share two (`_of` too).
    """
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for part in table.parts:
        for row in part.rows:
            identity = {
                table.head.lower().replace(" ", "_"): row.name,
                "title": row.title,
                "origin": row.kind,
            }
            lines.setdefault((row.name, row.kind), {**identity, "marks": " ".join(row.marks)})
        for column in part.columns:
            for row in part.rows:
                lines[row.name, row.kind] |= _flat(column.key, row.cells.get(column.key))
    out = StringIO()
    fields = _fields(table, lines.values())
    writer = csv.DictWriter(out, fields, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({field: inert(value) for field, value in line.items()} for line in lines.values())
    return out.getvalue()


def to_markdown(table: Table) -> str:
    """A heading and one pipe table per part."""
    blocks = [f"**{_markdown(f'{table.label}. {table.title}')}**"]
    for part in table.parts:
        rule = ["---", *("---:" if column.numeric else "---" for column in part.columns)]
        lines = [heads(table, part), rule, *(texts(row, part.columns) for row in part.rows)]
        shown = [
            "| " + " | ".join(cells if cells is rule else map(_markdown, cells)) + " |" for cells in lines
        ]
        blocks.append("\n".join((_markdown(part.caption), "", *shown)))
    blocks += ["\n".join(f"- {_markdown(note)}" for note in table.notes)] if table.notes else []
    return "\n\n".join(blocks) + "\n"


def _fields(table: Table, lines: Iterable[dict[str, object]]) -> list[str]:
    """Identity first, then the columns in order, each with what its values were split into."""
    seen = list(dict.fromkeys(field for line in lines for field in line))
    columns = [column.key for part in table.parts for column in part.columns]
    return sorted(
        seen, key=lambda field: max((i for i, key in enumerate(columns) if _is_of(field, key)), default=-1)
    )


def _is_of(field: str, key: str) -> bool:
    return field in (key, *(f"{key}{end}" for end in ("_std", "_low", "_high", "_of")))


def _flat(key: str, value: Value) -> dict[str, object]:
    match value:
        case Measure(mean=mean, std=std):
            return {key: mean, f"{key}_std": std}
        case Share(done=done, of=of):
            return {key: done, f"{key}_of": of}
        case Points(fraction=fraction):
            return {key: fraction * POINTS}
        case Difference(mean=mean, low=low, high=high) | Interval(mean=mean, low=low, high=high):
            return {key: mean, f"{key}_low": low, f"{key}_high": high}
    return {key: value}


def inert(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe, by which it shows it as text."""
    if not isinstance(value, str):
        return value
    return f"'{shown(value)}" if value.lstrip().startswith(_FORMULA) else shown(value)


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\|*_`<>\[\]])", r"\\\1", shown(" ".join(text.split())))
    return " ".join(escaped.split())
