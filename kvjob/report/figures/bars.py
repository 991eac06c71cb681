"""Bars of the test scores by level: Figure 9, and the same for every other experiment."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from kvjob.report.figures.direct import text_width
from kvjob.report.figures.style import COLUMN, INK, MUTED, PAPER, WIDTH, Look, new_figure
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables import standing

_PANELS = {"iou": "IoU", "dice": "Dice", "precision": "Precision", "recall": "Recall", "accuracy": "Accuracy"}
_FIRST = next(iter(_PANELS))
"""The panel that says, across all, why a level has no bars."""
_BETWEEN = 0.52
"""Inches between rows of panels."""
_SHORT = 0.4
"""Below this a bar is too short to hold its number."""


def draw_bars(summary: ExperimentSummary, look: dict[str, Look], *, column: bool = False) -> Figure:
    """One panel per score, one bar per level, whiskers of one standard deviation over seeds.

    Args:
        summary: of the experiment.
        look: of its levels.
        column: as wide as one column of a paper, with panels in rows of two.
    """
    count = len(summary.levels)
    across, width, bar = (2, COLUMN, 0.19) if column else (len(_PANELS), WIDTH, 0.24)
    rows = -(-len(_PANELS) // across)
    panel = bar * count + 0.04
    height = 0.68 + panel * rows + _BETWEEN * (rows - 1)
    figure = new_figure(height, width)
    panels = list(figure.subplots(rows, across, sharey=True).flat)
    left = (0.2 + max(text_width(item.label) for item in look.values())) / width
    bottom, top, hspace = 0.4 / height, 1 - 0.28 / height, _BETWEEN / panel
    figure.subplots_adjust(left=left, right=0.985, bottom=bottom, top=top, wspace=0.12, hspace=hspace)
    for spare in panels[len(_PANELS) :]:
        spare.set_axis_off()
    for axes, (score, title) in zip(panels, _PANELS.items(), strict=False):
        axes.set_title(title)
        for row, level in enumerate(summary.levels):
            _draw(axes, row, level, score, look[level.level])
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.grid(visible=False, axis="y")
    panels[0].set_yticks(range(count), [look[level.level].label for level in summary.levels])
    panels[0].set_ylim(count - 0.5, -0.5)
    return figure


def _draw(axes: Axes, row: int, level: LevelSummary, score: str, look: Look) -> None:
    measure = (level.mean_over_images or {}).get(score)
    if measure is None and score != _FIRST:
        return
    if measure is None:
        axes.text(0.03, row, standing(level), va="center_baseline", fontsize=6.5, color=MUTED, style="italic")
        return
    axes.barh(row, measure.mean, height=0.72, color=look.colour)
    if measure.std is not None:
        low, high = measure.mean - measure.std, min(1.0, measure.mean + measure.std)
        for colour, width in ((PAPER, 2.4), (INK, 0.9)):
            axes.plot([low, high], [row, row], color=colour, linewidth=width, solid_capstyle="butt")
    inside = measure.mean >= _SHORT
    axes.text(
        0.03 if inside else measure.mean + (measure.std or 0) + 0.03,
        row,
        f"{measure.mean:.3f}",
        va="center_baseline",
        fontsize=6.5,
        color=look.on if inside else INK,
        path_effects=[withStroke(linewidth=1.5, foreground=look.colour if inside else PAPER)],
    )
