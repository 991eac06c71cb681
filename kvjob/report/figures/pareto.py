"""What accuracy costs: test IoU of every level against hours, parameters and speed, and the Pareto fronts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kvjob.report.cost import MINUTES_PER_HOUR, brief
from kvjob.report.figures.direct import spread, text_width
from kvjob.report.figures.style import COLUMN, INK, MUTED, PAPER, WIDTH, new_figure, shorten
from kvjob.report.pareto import AXES, MORE_IS_BETTER, Axis
from kvjob.report.summary import ExperimentSummary

_HEIGHT, _STACKED = 2.5, 1.95
"""Inches: height of panels beside each other, and of one that has others below it."""
_LINE, _AWAY, _ABOVE = 9.5, 3.5, 5.5
"""Points: height of a label, and how far beside and above its dot it stands."""
_MOST_LABELS = 8
_WIDEST = 0.38
"""Share of a panel's width that a name may take and still stand left of its dot."""
_MOST_LOW = 4
"""Levels named below the axis."""
_FENCE = 3.0
"""Interquartile ranges below the lower quartile at which a level is far out (Tukey's outer fence)."""
_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Place:
    """A level in one panel."""

    label: str
    value: float
    """On the panel's axis, in the unit that its name says."""
    iou: float
    front: bool
    baseline: bool


def draw_pareto(summaries: tuple[ExperimentSummary, ...], *, column: bool = False) -> Figure | None:
    """One panel for each axis on which levels differ; None while fewer than two levels are on any.

    Args:
        summaries: of all experiments.
        column: panels below each other, as wide as one column of a paper.
    """
    panels = {axis: places(summaries, axis) for axis in AXES}
    if max(map(len, panels.values())) < 2:
        return None
    for axis in undrawn(summaries):
        del panels[axis]
    width, rows = (COLUMN, len(panels)) if column else (WIDTH, 1)
    height = _STACKED * rows if column else _HEIGHT
    figure = new_figure(height, width)
    drawn = list(figure.subplots(rows, len(panels) // rows, sharey=True, squeeze=False).flat)
    left, bottom, top = 0.54 / width, 0.42 / height, 1 - 0.28 / height
    figure.subplots_adjust(left=left, right=1 - 0.1 / width, bottom=bottom, top=top, wspace=0.1, hspace=0.56)
    floor = _floor([level.iou for levels in panels.values() for level in levels])
    for axes, (axis, levels) in zip(drawn, panels.items(), strict=True):
        axes.set_title(_title(axis))
        axes.set_xlabel(axis_name(summaries, axis))
        _draw(axes, axis, levels, floor)
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel("Test IoU")
    for axes, levels in zip(drawn, panels.values(), strict=True):
        _label(axes, [level for level in levels if level.front and level.iou >= floor])
        _below(axes, [level for level in levels if level.iou < floor])
    return figure


def undrawn(summaries: tuple[ExperimentSummary, ...]) -> list[Axis]:
    """Axes on which all levels are equal, so that a panel would show nothing, if there is another."""
    values = {axis: [level.value for level in places(summaries, axis)] for axis in AXES}
    if all(len(set(each)) < 2 for each in values.values()):
        return []
    return [axis for axis, each in values.items() if len(each) > 1 and len(set(each)) == 1]


def _floor(scores: list[float]) -> float:
    """The lowest IoU that is drawn at its height: one level far below all others would flatten them."""
    low, high = np.quantile(scores, [0.25, 0.75])
    fence = low - _FENCE * (high - low)
    return float(min(score for score in scores if score >= fence))


def places(summaries: Iterable[ExperimentSummary], axis: Axis) -> list[Place]:
    """Every level of the study that has both values; runs that several experiments share are one."""
    summaries = tuple(summaries)
    scale = {"hours_per_run": 1 / MINUTES_PER_HOUR if _short(summaries) else 1, "parameters": _MILLION}.get(
        axis, 1
    )
    found: dict[tuple[str, ...], Place] = {}
    for summary in summaries:
        for level in summary.levels:
            value, iou = level.price(axis), level.iou
            if value is not None and iou is not None:
                label = "Baseline" if level.baseline else level.label
                place = Place(label, value / scale, iou, axis in level.pareto, level.baseline)
                found.setdefault(level.runs, place)
    return list(found.values())


def axis_name(summaries: Iterable[ExperimentSummary], axis: Axis) -> str:
    """What a panel's axis counts, and in which unit."""
    if axis == "parameters":
        return "Parameters (millions)"
    if axis == "images_per_second":
        return "Training images per second"
    summaries = tuple(summaries)
    units = {level.cost.unit for each in summaries for level in each.levels if level.cost.attempts}
    unit = units.pop() if len(units) == 1 else "device-hours"
    if _short(summaries):
        unit = unit.replace("hours", "minutes")
    return f"{unit[0].upper()}{unit[1:]} per run"


def _short(summaries: tuple[ExperimentSummary, ...]) -> bool:
    """Whether runs are counted in minutes, since none took long."""
    return brief(level.price("hours_per_run") for each in summaries for level in each.levels)


def _title(axis: Axis) -> str:
    return {"hours_per_run": "Time", "parameters": "Size", "images_per_second": "Speed"}[axis]


def _draw(axes: Axes, axis: Axis, levels: list[Place], floor: float) -> None:
    if not levels:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "not known yet", transform=axes.transAxes, ha="center", color=MUTED)
        return
    front = sorted((level for level in levels if level.front), key=lambda level: level.iou)
    scores = [level.iou for level in levels if level.iou >= floor]
    room = 0.16 * (max(scores) - min(scores) or 0.05)
    lowest = min(_MOST_LOW, len(levels) - len(scores))
    axes.set_ylim(min(scores) - room * (1 + lowest), max(scores) + room)
    for level in sorted(levels, key=lambda level: level.front):
        _dot(axes, level, floor)
    ends = [level.value for level in front], [level.iou for level in front]
    axes.plot(*ends, color=INK, linewidth=0.9, drawstyle="steps-post", alpha=0.6)
    axes.margins(x=0.14)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value >= 0 else ""))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if axis in MORE_IS_BETTER:
        axes.invert_xaxis()


def _dot(axes: Axes, level: Place, floor: float) -> None:
    """Round, a square for the baseline, and for what lies below the axis a triangle at its edge."""
    shape: dict[str, Any] = {"color": INK if level.front else MUTED, "markeredgewidth": 0}
    size = 4.6 if level.front else 3.4
    if level.iou < floor:
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
        axes.plot(level.value, 0.0, "v", markersize=size + 1, **place, **shape)
        return
    axes.plot(level.value, level.iou, "s" if level.baseline else "o", markersize=size, **shape)


def _label(axes: Axes, front: list[Place]) -> None:
    """Names above the dots of the front, on its outer side, where by its nature no dot is."""
    named = sorted(front, key=lambda level: -level.iou)[:_MOST_LABELS]
    if not named:
        return
    box, point = axes.get_window_extent(), axes.figure.dpi / 72
    widths = [(text_width(shorten(level.label)) * 72 + _AWAY + 2) * point / box.width for level in named]
    _make_room(axes, [(level.value, width) for level, width in zip(named, widths, strict=True)])
    to_axes = axes.transData + axes.transAxes.inverted()
    dots = to_axes.transform([(level.value, level.iou) for level in named])
    wanted = dots[:, 1] + _ABOVE * point / box.height
    heights = spread(np.asarray(wanted), _LINE * point / box.height)
    for level, (x, y), width, want, height in zip(named, dots, widths, wanted, heights, strict=True):
        side = 1 if x < width - 1e-6 else -1
        start = x + side * _AWAY * point / box.width
        if abs(height - want) * box.height > _LINE / 2 * point:
            axes.plot([x, start], [y, height], color=INK, linewidth=0.4, alpha=0.55, transform=axes.transAxes)
        axes.text(
            start,
            height,
            shorten(level.label),
            transform=axes.transAxes,
            ha="left" if side > 0 else "right",
            va="center_baseline",
            fontsize=6.8,
            path_effects=[withStroke(linewidth=2, foreground=PAPER)],
        )


def _below(axes: Axes, levels: list[Place]) -> None:
    """Names and scores of levels below the axis, above their triangles; the best of them if they are many."""
    box, point = axes.get_window_extent(), axes.figure.dpi / 72
    line, away = _LINE * point / box.height, _AWAY * point / box.width
    to_axes = axes.transData + axes.transAxes.inverted()
    named = sorted(levels, key=lambda level: (level.iou, level.label), reverse=True)[:_MOST_LOW]
    for row, level in enumerate(reversed(named)):
        x = to_axes.transform((level.value, level.iou))[0]
        text = f"{shorten(level.label)} {level.iou:.2f}"
        side = 1 if x < text_width(text) * 72 * point / box.width else -1
        axes.text(
            x + side * away,
            (row + 0.6) * line,
            text,
            transform=axes.transAxes,
            ha="left" if side > 0 else "right",
            va="center_baseline",
            fontsize=6.8,
            color=MUTED,
            path_effects=[withStroke(linewidth=2, foreground=PAPER)],
        )


def _make_room(axes: Axes, labels: list[tuple[float, float]]) -> None:
    """Move the left end of an axis until names fit left of their dots, unless one is very long.

    Args:
        axes: with final right end.
        labels: place in data coordinates, and width as a share of the axes'.
    """
    left, right = axes.get_xlim()
    ends = [(place - width * right) / (1 - width) for place, width in labels if width < _WIDEST]
    furthest = max if left > right else min
    axes.set_xlim(furthest([left, *ends]), right)
