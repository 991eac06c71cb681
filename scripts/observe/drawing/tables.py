"""Panels that are tables."""

import math

from scripts.observe.api import Series
from scripts.observe.drawing.fields import Field, field_of
from scripts.observe.drawing.kinds import Box, nothing
from scripts.observe.drawing.page import DIM, Page, fitting
from scripts.observe.grafana import Panel, Query

Cell = float | str
Row = dict[str, Cell]
ROW = 27
MOST_PAGES = 5


def merged(answers: list[tuple[Query, list[Series]]]) -> list[Row]:
    """Grafana's transformation `merge`: rows whose common columns agree become one.

    Kvjob's queries have the labels of a row, and at most one query has more of them.
    """
    common = set.intersection(*(set(each.labels) for _, series in answers for each in series[:1]))
    rows: dict[tuple[str, ...], Row] = {}
    for query, series in answers:
        for each in series:
            row = rows.setdefault(tuple(each.labels[label] for label in sorted(common)), {})
            row.update(each.labels)
            row[f"Value #{query.ref}"] = each.last
    return list(rows.values())


def columns(panel: Panel) -> dict[str, str]:
    """Names of the columns in their order, each with its label or value."""
    organize = next(each for each in panel.definition["transformations"] if each["id"] == "organize")[
        "options"
    ]
    order = sorted(organize["indexByName"], key=organize["indexByName"].__getitem__)
    return {organize["renameByName"][source]: source for source in order}


def table(page: Page, panel: Panel, answers: list[tuple[Query, list[Series]]], box: Box) -> None:
    """The first page of a table."""
    answers = [(query, series) for query, series in answers if series]
    if not answers:
        nothing(page, panel, box)
        return
    kinds = [each["id"] for each in panel.definition["transformations"]]
    if kinds == ["labelsToFields"]:
        [(_, [only, *_])] = answers[:1]
        rows: list[Row] = [{"label": label, "value": value} for label, value in only.labels.items()]
        _draw(page, panel, rows, {"label": "label", "value": "value"}, box)
        return
    named = columns(panel)
    rows = merged(answers)
    for sort in panel.definition["options"].get("sortBy", []):
        source = named[sort["displayName"]]
        rows.sort(key=lambda row: _order(row.get(source)), reverse=sort["desc"])
    _draw(page, panel, rows, named, box)


def _order(value: Cell | None) -> tuple[int, float, str]:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return -1, 0, ""
    return (0, value, "") if isinstance(value, float) else (0, 0, value)


def _draw(page: Page, panel: Panel, rows: list[Row], named: dict[str, str], box: Box) -> None:
    x, y, wide, high = box
    fields = {name: field_of(panel.definition, name) for name in named}
    widths = _widths(fields, wide)
    page.line(x, y + ROW - 4, wide)
    left = x
    for name, field in fields.items():
        number = field.unit != "string"
        place = left + widths[name] - 10 if number else left + 4
        page.text(
            place, y + 10, name, size=9, color="#6E9FFF", weight="bold", align="right" if number else "left"
        )
        left += widths[name]
    fit = int((high - ROW - 22) / ROW) if len(rows) * ROW > high - ROW else len(rows)
    for place, row in enumerate(rows[:fit]):
        middle = y + ROW * (place + 1) + 10
        left = x
        for name, source in named.items():
            _cell(page, fields[name], row.get(source), left, widths[name], middle)
            left += widths[name]
        page.line(x, middle + ROW / 2, wide, "#202226")
    if fit < len(rows):
        pages = -(-len(rows) // fit)
        numbers = " ".join(map(str, range(1, pages + 1))) if pages <= MOST_PAGES else f"1 2 3 … {pages}"
        words = f"‹ {numbers} ›      1 – {fit} of {len(rows)} rows"
        page.text(x + wide / 2, y + high - 6, words, size=8.5, color=DIM, align="center")


def _cell(page: Page, field: Field, value: Cell | None, left: float, wide: float, middle: float) -> None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return
    color = "#6E9FFF" if field.link else field.color_of(value)
    number = field.unit != "string"
    place = left + wide - 10 if number else left + 4
    text = fitting(field.text(value), wide, 8.6)
    page.text(place, middle, text, size=9.2, color=color, align="right" if number else "left")


def _widths(fields: dict[str, Field], wide: float) -> dict[str, float]:
    asked = {name: field.custom.get("width") for name, field in fields.items()}
    known = sum(width for width in asked.values() if width)
    free = [name for name, width in asked.items() if not width]
    if free:
        share = max(70.0, (wide - known) / len(free))
        return {name: float(width or share) for name, width in asked.items()}
    return {name: width * wide / known for name, width in asked.items() if width}
