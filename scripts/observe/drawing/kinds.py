"""Panels with numbers, bars and lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scripts.observe.api import Series
from scripts.observe.drawing.fields import COLORS, PALETTE, Field, field_of
from scripts.observe.drawing.page import DIM, Page, fitting
from scripts.observe.grafana import Json, Panel, Query, name

Box = tuple[float, float, float, float]
LEGEND_ROW = 19
MOST_TICKS = 6
TICKS = (60, 120, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600)
"""Seconds between the ticks of a time axis."""
CALCS = {"lastNotNull": "Last *", "mean": "Mean"}


@dataclass(frozen=True)
class Line:
    """A series as it is shown."""

    name: str
    series: Series
    field: Field
    color: str

    def number(self, calc: str) -> float:
        """What the legend tells of it."""
        values = [value for value in self.series.values if not math.isnan(value)]
        if not values:
            return math.nan
        return sum(values) / len(values) if calc == "mean" else values[-1]


def lines_of(panel: Panel, answers: Sequence[tuple[Query, list[Series]]]) -> list[Line]:
    """Every series with its name and colour, in the order of the answers."""
    found: list[Line] = []
    for query, series in answers:
        for each in sorted(series, key=lambda one: name(query, one)):
            title = name(query, each)
            field = field_of(panel.definition, title, query.ref)
            color = COLORS[field.color] if field.color else PALETTE[len(found) % len(PALETTE)]
            found.append(Line(title, each, field, color))
    return found


def nothing(page: Page, panel: Panel, box: Box) -> None:
    """What a panel says when there is no data."""
    x, y, wide, high = box
    words = panel.definition["fieldConfig"]["defaults"].get("noValue", "No data")
    page.text(x + wide / 2, y + high / 2, words, size=10, color=DIM, align="center")


def stat(page: Page, panel: Panel, lines: list[Line], box: Box) -> None:
    """One number, with the name of what it is of where the panel asks for it."""
    x, y, wide, high = box
    if not lines:
        nothing(page, panel, box)
        return
    [line] = lines[:1]
    value, mode = line.series.last, panel.definition["options"]["textMode"]
    color = line.field.color_of(value)
    words = line.name if mode == "name" else line.field.text(value)
    size = min(26.0, wide / max(4, len(words)) * 1.05)
    shift = 12 if mode == "value_and_name" else 0
    page.text(
        x + wide / 2, y + high / 2 + shift - 4, words, size=size, color=color, align="center", weight="bold"
    )
    if shift:
        page.text(x + wide / 2, y + 8, fitting(line.name, wide, 11), size=11, align="center")


def bargauge(page: Page, panel: Panel, lines: list[Line], box: Box) -> None:
    """A bar for each series, their length in proportion to the largest."""
    x, y, wide, high = box
    if not lines:
        nothing(page, panel, box)
        return
    most = max([line.series.last for line in lines if not math.isnan(line.series.last)] or [0]) or 1
    step = min(36.0, high / len(lines))
    names = max(60.0, min(wide * 0.45, 8.2 * max(len(line.name) for line in lines)))
    room = wide - names - 90
    for place, line in enumerate(lines):
        value, middle = line.series.last, y + step * (place + 0.5)
        color = line.field.color_of(value)
        page.text(x + names - 6, middle, fitting(line.name, names, 8.6), size=9, align="right")
        page.bar(x + names, middle - step * 0.32, room, step * 0.64, "#22252B")
        if value > 0:
            page.bar(x + names, middle - step * 0.32, room * min(1, value / most), step * 0.64, color)
        page.text(x + names + room + 8, middle, line.field.text(value), size=9.5, color=color, weight="bold")


def timeseries(page: Page, panel: Panel, lines: list[Line], box: Box, times: tuple[float, float]) -> None:
    """Lines or stacked areas over time, and their legend as a table below."""
    x, y, wide, high = box
    if not lines:
        nothing(page, panel, box)
        return
    rows = min(len(lines), max(2, int(high * 0.42 / LEGEND_ROW)))
    legend = (rows + 1) * LEGEND_ROW + 4
    right = any(line.field.custom.get("axisPlacement") == "right" for line in lines)
    inner = wide - 58 - (54 if right else 6)
    axes = page.plot(x + 58, y + 2, inner, high - legend - 26)
    other = axes.twinx() if right else None
    if other is not None:
        other.tick_params(colors=DIM, labelsize=8, length=0)
        for side in other.spines.values():
            side.set_visible(False)
    floor = [0.0] * len(_grid(lines))
    for line in lines:
        target = other if other is not None and line.field.custom.get("axisPlacement") == "right" else axes
        if line.field.custom.get("stacking", {}).get("mode") == "normal":
            floor = _area(axes, line, _grid(lines), floor)
        else:
            _draw(target, line)
    defaults = field_of(panel.definition, "")
    _axis(axes, defaults, times)
    if other is not None:
        _axis(
            other,
            next(line.field for line in lines if line.field.custom.get("axisPlacement") == "right"),
            times,
        )
    _legend(page, panel.definition, lines, (x, y + high - legend + 4, wide, legend), rows)


def _grid(lines: list[Line]) -> list[float]:
    return sorted({time for line in lines for time in line.series.times})


def _area(axes: Axes, line: Line, grid: list[float], floor: list[float]) -> list[float]:
    values = dict(zip(line.series.times, line.series.values, strict=True))
    top = [below + (values.get(time, 0.0) or 0.0) for time, below in zip(grid, floor, strict=True)]
    axes.fill_between(grid, floor, top, color=line.color, alpha=0.6, linewidth=0)
    axes.plot(grid, top, color=line.color, linewidth=1)
    return top


def _draw(axes: Axes, line: Line) -> None:
    dashes = line.field.custom.get("lineStyle", {}).get("dash")
    style = (0, tuple(dash / 2.5 for dash in dashes)) if dashes else "-"
    longest = line.field.custom.get("spanNulls", 0)
    gap = longest / 1000 if not isinstance(longest, bool) else 0
    times, values = list(line.series.times), list(line.series.values)
    usual = min((after - before for before, after in pairwise(times)), default=0)
    for place in range(len(times) - 1, 0, -1):
        if times[place] - times[place - 1] > max(gap, usual * 1.5):
            times.insert(place, times[place])
            values.insert(place, math.nan)
    alone = len(times) == 1
    axes.plot(times, values, color=line.color, linewidth=1.6, linestyle=style, marker="." if alone else "")


def _axis(axes: Axes, field: Field, times: tuple[float, float]) -> None:
    axes.set_xlim(*times)
    low, high = axes.get_ylim()
    axes.set_ylim(low if field.least is None else field.least, high if field.most is None else field.most)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=field.decimals == 0))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(field, value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    span = times[1] - times[0]
    ticks = next((step for step in TICKS if span <= MOST_TICKS * step), TICKS[-1])
    axes.set_xticks(range(int(times[0] // ticks + 1) * ticks, int(times[1]) + 1, ticks))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{datetime.fromtimestamp(value, UTC):%H:%M}")
    )


def _tick(field: Field, value: float) -> str:
    if field.unit == "percentunit":
        return f"{value * 100:g}%"
    # an axis has the digits that its ticks need, not those of the values
    return Field(unit=field.unit, decimals=0 if field.decimals == 0 else None).text(round(value, 10))


def _legend(page: Page, definition: Json, lines: list[Line], box: Box, rows: int) -> None:
    x, y, wide, _ = box
    calc = definition["options"]["legend"]["calcs"][0]
    page.text(x, y + 8, "Name", size=8, color="#6E9FFF", weight="bold")
    page.text(x + wide - 4, y + 8, f"{CALCS[calc]} ⌄", size=8, color="#6E9FFF", weight="bold", align="right")
    page.line(x, y + 17, wide)
    ordered = sorted(lines, key=lambda line: line.number(calc), reverse=True)
    for place, line in enumerate(ordered[:rows]):
        middle = y + LEGEND_ROW * (place + 1) + 9
        page.bar(x, middle - 2, 12, 3.5, line.color)
        page.text(x + 18, middle, fitting(line.name, wide - 90, 8.4), size=8.6)
        page.text(x + wide - 4, middle, line.field.text(line.number(calc)), size=8.6, align="right")
    if len(ordered) > rows:
        page.text(x + wide / 2, y + 8, f"{len(ordered) - rows} more below", size=8, color=DIM, align="center")
