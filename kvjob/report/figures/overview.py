"""The study at a glance: every level's difference from the baseline with its interval."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kvjob.report.figures.direct import text_width
from kvjob.report.figures.style import BETTER, COLUMN, INK, MUTED, WIDTH, WORSE, new_figure, shorten
from kvjob.report.measure import POINTS
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables import signed, standing

_ROW, _RIGHT, _NARROW_RIGHT = 0.19, 2.75, 0.56
"""Inches: height of a row, width of what stands on the right: numbers and verdict, or only the difference."""
_BOLD = 1.2
"""Width of bold text to that of plain text."""


def draw_overview(summaries: tuple[ExperimentSummary, ...], *, column: bool = False) -> Figure | None:
    """Rows of levels under the titles of their experiments; None if nothing can be compared yet.

    Args:
        summaries: of all experiments.
        column: as wide as one column of a paper, with the differences in numbers but not their intervals.
    """
    if not any(level.difference for summary in summaries for level in summary.levels):
        return None
    rows = sum(1.3 + sum(not level.baseline for level in summary.levels) for summary in summaries)
    height = 0.5 + _ROW * rows
    width, right = (COLUMN, _NARROW_RIGHT) if column else (WIDTH, _RIGHT)
    figure = new_figure(height, width)
    labels = [text_width(shorten(level.label)) for summary in summaries for level in summary.levels]
    titles = [text_width(shorten(summary.title)) * _BOLD for summary in summaries]
    left = 0.15 + max(*labels, *titles)
    middle = width - left - right
    axes = figure.add_axes((left / width, 0.42 / height, middle / width, 1 - 0.46 / height))
    axes.axvline(0, color=INK, linewidth=0.8)
    row = 0.0
    for summary in summaries:
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center_baseline"}
        axes.text(-left / middle, row, shorten(summary.title), weight="bold", **place)
        row += 1
        for level in (level for level in summary.levels if not level.baseline):
            _draw(axes, row, level, whole=not column)
            row += 1
        row += 0.3
    axes.set_ylim(row - 0.5, -0.7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(
        "Δ IoU in points" if column else "Difference in IoU from the baseline in points, with 95 % interval"
    )
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    return figure


def _draw(axes: Axes, row: float, level: LevelSummary, *, whole: bool) -> None:
    place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center_baseline"}
    axes.text(-0.02, row, shorten(level.label), ha="right", **place)
    difference = level.difference
    if difference is None:
        words = f"{level.verdict}: {standing(level)}" if level.verdict == "no result" else level.verdict
        axes.text(1.03, row, words if whole else "–", color=MUTED, style="italic", **place)
        return
    colour = {"better": BETTER, "worse": WORSE}.get(level.verdict, MUTED)
    low, mean, high = (POINTS * value for value in (difference.low, difference.mean, difference.high))
    axes.plot([low, high], [row, row], color=colour, linewidth=1.6)
    axes.plot(mean, row, "o", color=colour, markersize=4)
    if not whole:
        weight = "normal" if colour == MUTED else "bold"  # what is left of the colour in grey
        axes.text(1.06, row, signed(mean, 1), color=colour, weight=weight, **place)
        return
    numbers = f"{signed(mean, 2)} [{signed(low, 2)}, {signed(high, 2)}]"
    axes.text(1.03, row, numbers, color=INK, **place)
    inch = axes.figure.dpi / axes.get_window_extent().width
    axes.text(1.03 + 1.5 * inch, row, level.verdict, color=colour, **place)
