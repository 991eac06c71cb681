"""What accuracy costs: test IoU of every level against hours, parameters and speed, and the Pareto fronts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kvjob.report.figures.direct import spread, text_width
from kvjob.report.figures.style import INK, MUTED, PAPER, new_figure, shorten
from kvjob.report.pareto import AXES, MORE_IS_BETTER, Axis
from kvjob.report.summary import ExperimentSummary

_HEIGHT = 2.5
_LINE, _AWAY, _ABOVE = 9.5, 3.5, 5.5
"""Points: height of a label, and how far beside and above its dot it stands."""
_MOST_LABELS = 8
_WIDEST = 0.38
"""Share of a panel's width that a name may take and still stand left of its dot."""
_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Place:
    """A level in one panel."""

    label: str
    value: float
    """On the panel's axis: hours, parameters, images per second."""
    iou: float
    front: bool
    baseline: bool


def draw_pareto(summaries: tuple[ExperimentSummary, ...]) -> Figure | None:
    """One panel for each axis; None while fewer than two levels have a score and a value on any axis."""
    panels = {axis: places(summaries, axis) for axis in AXES}
    if max(map(len, panels.values())) < 2:
        return None
    figure = new_figure(_HEIGHT)
    drawn = figure.subplots(1, len(AXES), sharey=True)
    figure.subplots_adjust(left=0.075, right=0.985, bottom=0.42 / _HEIGHT, top=1 - 0.28 / _HEIGHT, wspace=0.1)
    for axes, (axis, levels) in zip(drawn, panels.items(), strict=True):
        axes.set_title(_title(axis))
        axes.set_xlabel(axis_name(summaries, axis))
        _draw(axes, axis, levels)
    drawn[0].set_ylabel("Test IoU")
    for axes, levels in zip(drawn, panels.values(), strict=True):
        _label(axes, [level for level in levels if level.front])
    return figure


def places(summaries: Iterable[ExperimentSummary], axis: Axis) -> list[Place]:
    """Every level of the study that has both values; runs that several experiments share are one."""
    found: dict[tuple[str, ...], Place] = {}
    for summary in summaries:
        for level in summary.levels:
            value, iou = level.price(axis), level.iou
            if value is not None and iou is not None:
                label = "Baseline" if level.baseline else level.label
                found.setdefault(level.runs, Place(label, value, iou, axis in level.pareto, level.baseline))
    return list(found.values())


def axis_name(summaries: Iterable[ExperimentSummary], axis: Axis) -> str:
    """What a panel's axis counts."""
    if axis == "parameters":
        return "Parameters (millions)"
    if axis == "images_per_second":
        return "Training images per second"
    units = {level.cost.unit for each in summaries for level in each.levels if level.cost.attempts}
    unit = units.pop() if len(units) == 1 else "device-hours"
    return f"{unit[0].upper()}{unit[1:]} per run"


def _title(axis: Axis) -> str:
    return {"hours_per_run": "Time", "parameters": "Size", "images_per_second": "Speed"}[axis]


def _draw(axes: Axes, axis: Axis, levels: list[Place]) -> None:
    if not levels:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "not known yet", transform=axes.transAxes, ha="center", color=MUTED)
        return
    front = sorted((level for level in levels if level.front), key=lambda level: level.iou)
    _dots(axes, [level for level in levels if not level.front], MUTED, 3.4)
    ends = [level.value for level in front], [level.iou for level in front]
    axes.plot(*ends, color=INK, linewidth=0.9, drawstyle="steps-post", alpha=0.6)
    _dots(axes, front, INK, 4.6)
    axes.margins(x=0.14, y=0.16)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    scale = _MILLION if axis == "parameters" else 1
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / scale:g}" if value >= 0 else ""))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if axis in MORE_IS_BETTER:
        axes.invert_xaxis()


def _dots(axes: Axes, levels: list[Place], colour: str, size: float) -> None:
    """Round ones, and a square for the baseline."""
    for level in levels:
        marker = "s" if level.baseline else "o"
        axes.plot(level.value, level.iou, marker, color=colour, markersize=size, markeredgewidth=0)


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
        side = 1 if x < width else -1
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
