"""Curves over epochs: Figures 2 to 7 and 11 to 13, and six small panels for every other experiment."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from kvjob.report.course import PHASES, Phase
from kvjob.report.figures.direct import label_ends, label_margin, text_width
from kvjob.report.figures.style import COLUMN, MUTED, PAPER, WIDTH, Look, looks, new_figure
from kvjob.report.read import Run, StudyData
from kvjob.study import Experiment

TITLES = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "iou": "IoU (Jaccard)",
    "dice": "Dice",
    "precision": "Precision",
    "recall": "Recall",
}
MOST_LINES = 5
"""Lines in one panel; more get a panel each."""
MOST_PANELS = 40
"""Panels of a figure, by the order of levels."""
_COLUMNS, _PANEL = 4, 1.35
"""Panels beside each other, and inches from one row of them to the next."""
_NAME_HEIGHT = 0.155
"""Inches of one row of names."""
_LOG_ABOVE = 30.0
"""A loss whose largest value is this many times its smallest is drawn on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of one level over epochs."""

    look: Look
    values: NDArray[np.float64]
    """Shape (seeds, epochs), NaN after a seed's last epoch: the finished seeds, or all if none has."""
    best: tuple[tuple[int, float], ...]
    """Best epoch of each finished seed, and its value there."""
    others: tuple[NDArray[np.float64], ...]
    """Seeds that have not finished, where others have."""
    diverged: tuple[tuple[int, float], ...]
    """Last epoch of each seed that diverged, and its value there."""
    standing: str
    """How its runs stand where none has finished, else empty."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over the seeds that reached each epoch."""
        mean: NDArray[np.float64] = np.nanmean(self.values, axis=0)
        return mean

    @property
    def complete(self) -> int:
        """Number of epochs that every seed reached."""
        return int(np.isfinite(self.values).all(axis=0).sum())


def curve_lines(data: StudyData, experiment: Experiment, measure: str, phase: Phase) -> list[Line]:
    """The lines of an experiment, in the order of its levels; levels without an epoch have none.

    Args:
        data: the study.
        experiment: one of its experiments.
        measure: `loss` or a score (mean over images).
        phase: `train` or `validation`.
    """
    look, lines = looks(data, experiment), []
    for level in experiment.levels:
        runs = [run for run in data.runs_of(experiment, level) if len(run.course)]
        if runs:
            lines.append(_line(runs, look[level.name], measure, phase))
    return lines


def _line(runs: list[Run], look: Look, measure: str, phase: Phase) -> Line:
    finished = [run for run in runs if run.standing == "finished"]
    series = {run.key: run.course.series(measure, phase) for run in runs}
    shown = [series[run.key] for run in finished or runs]
    values = np.full((len(shown), max(map(len, shown))), np.nan)
    for row, numbers in zip(values, shown, strict=True):
        row[: len(numbers)] = numbers
    return Line(
        look,
        values,
        best=tuple(point for run in finished for point in _best(run, series[run.key])),
        others=tuple(series[run.key] for run in runs if finished and run not in finished),
        diverged=tuple(
            (len(run.course), float(series[run.key][-1])) for run in runs if run.standing == "diverged"
        ),
        standing="" if finished else ", ".join(sorted({run.standing for run in runs})),
    )


def draw_pair(data: StudyData, experiment: Experiment, measure: str) -> Figure:
    """Training on the left, validation on the right, on one scale."""
    pair = [curve_lines(data, experiment, measure, phase) for phase in PHASES]
    figure = new_figure(max(2.75, 1.1 + 0.17 * len(pair[1])))
    left, right = figure.subplots(1, 2, sharey=True, sharex=True)
    margin = label_margin([_name(line) for line in pair[1]]) / WIDTH
    figure.subplots_adjust(left=0.075, right=1 - margin, bottom=0.15, top=0.89, wspace=0.07)
    for axes, lines, title in ((left, pair[0], "Training"), (right, pair[1], "Validation")):
        axes.set_title(title)
        axes.set_xlabel("Epoch")
        for line in lines:
            _draw(axes, line, marks=axes is right)
    left.set_ylabel(TITLES[measure])
    _scale(left, measure, [line for lines in pair for line in lines])
    label_ends(right, [(_name(line), line.look, _end(line)) for line in pair[1]])
    return figure


def draw_narrow_pair(data: StudyData, experiment: Experiment, measure: str) -> Figure:
    """As draw_pair, as wide as one column of a paper: no room beside the lines, so their names are above."""
    pair = [curve_lines(data, experiment, measure, phase) for phase in PHASES]
    head = _head(pair[1], COLUMN)
    height = 1.85 + head
    figure = new_figure(height, COLUMN)
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    bottom, top = 0.38 / height, 1 - head / height
    figure.subplots_adjust(left=0.46 / COLUMN, right=0.98, bottom=bottom, top=top, wspace=0.08)
    for axes, lines, title in zip(panels, pair, ("Training", "Validation"), strict=True):
        axes.set_title(title)
        axes.set_xlabel("Epoch")
        for line in lines:
            _draw(axes, line, marks=axes is panels[1])
    panels[0].set_ylabel(TITLES[measure])
    _scale(panels[0], measure, [line for lines in pair for line in lines])
    panels[0].xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    _names_above(figure, pair[1])
    return figure


def draw_panels(data: StudyData, experiment: Experiment, *, column: bool = False) -> Figure:
    """Validation loss and all scores in six panels under one row of names.

    Args:
        data: the study.
        experiment: one of its experiments.
        column: as wide as one column of a paper.
    """
    lines = {measure: curve_lines(data, experiment, measure, "validation") for measure in TITLES}
    width, shape, room = (COLUMN, (3, 2), 4.3) if column else (WIDTH, (2, 3), 3.7)
    head = _head(lines["loss"], width)
    figure = new_figure(room + head, width)
    panels = figure.subplots(*shape, sharex=True)
    bottom, top = 0.38 / (room + head), 1 - head / (room + head)
    left, right = 0.43 / width, 1 - 0.11 / width
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top, wspace=0.22, hspace=0.3)
    for axes, (measure, drawn) in zip(panels.flat, lines.items(), strict=True):
        axes.set_title(TITLES[measure])
        for line in drawn:
            _draw(axes, line, marks=True)
        _scale(axes, measure, drawn)
    for axes in panels[-1]:
        axes.set_xlabel("Epoch")
    _names_above(figure, lines["loss"])
    return figure


def draw_multiples(data: StudyData, experiment: Experiment, measure: str) -> Figure:
    """A panel per level, which has the others behind it in grey: for more levels than one panel holds."""
    lines = curve_lines(data, experiment, measure, "validation")[:MOST_PANELS]
    rows = -(-len(lines) // _COLUMNS)
    height = 0.42 + _PANEL * rows
    figure = new_figure(height)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
    bottom, top = 0.38 / height, 1 - 0.24 / height
    figure.subplots_adjust(left=0.075, right=0.985, bottom=bottom, top=top, wspace=0.1, hspace=0.34)
    for axes, line in zip(panels.flat, lines, strict=False):
        axes.set_title(_name(line), fontsize=7)
        for other in lines:
            if other is not line:
                shape: dict[str, Any] = {"color": MUTED, "linewidth": 0.5, "alpha": 0.45}
                axes.plot(np.arange(1, other.values.shape[1] + 1), other.mean, **shape)
        _draw(axes, line, marks=True)
    for spare in list(panels.flat)[len(lines) :]:
        spare.set_axis_off()
        above = panels[-2, list(panels[-1]).index(spare)]
        above.xaxis.set_tick_params(labelbottom=True)
        above.set_xlabel("Epoch")
    _scale(panels[0, 0], measure, lines)
    for axes in panels[-1]:
        axes.set_xlabel("Epoch")
    for axes in panels[:, 0]:
        axes.set_ylabel(TITLES[measure])
    return figure


def _draw(axes: Axes, line: Line, *, marks: bool) -> None:
    epochs = np.arange(1, line.values.shape[1] + 1)
    mean, whole, look = line.mean, line.complete, line.look
    if len(line.values) > 1:
        low, high = np.nanmin(line.values, axis=0), np.nanmax(line.values, axis=0)
        axes.fill_between(epochs, low, high, color=look.colour, alpha=0.14, linewidth=0)
    shape: dict[str, Any] = {"color": look.colour, "linestyle": look.dashes}
    once = look.marker if whole == 1 else ""
    axes.plot(epochs[:whole], mean[:whole], marker=once, markersize=2.5, linewidth=look.width, **shape)
    if whole < len(epochs):  # The mean of fewer seeds jumps, and must not look like training.
        axes.plot(epochs[max(0, whole - 1) :], mean[max(0, whole - 1) :], linewidth=0.7, alpha=0.7, **shape)
    if marks:
        for epoch, value in line.best:
            edge: dict[str, Any] = {"markeredgecolor": PAPER, "markeredgewidth": 0.7}
            axes.plot(epoch, value, look.marker, color=look.colour, markersize=4, **edge)
    for numbers in line.others:
        axes.plot(np.arange(1, len(numbers) + 1), numbers, linewidth=0.7, alpha=0.7, **shape)
    for epoch, value in line.diverged:
        axes.plot(epoch, value, "x", color=look.colour, markersize=5, markeredgewidth=1.4)


def _scale(axes: Axes, measure: str, lines: list[Line]) -> None:
    drawn = [*(line.values.ravel() for line in lines), *(values for line in lines for values in line.others)]
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    last = max(len(seed) for line in lines for seed in (*line.values, *line.others))
    room = 0.03 * max(1, last - 1)
    axes.set_xlim(1 - min(0.9, room), last + room)  # No tick at 0: there is no such epoch.
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    if measure != "loss":
        axes.set_ylim(top=min(1.0, float(values.max()) + 0.08 * max(0.05, float(np.ptp(values)))))
    elif values.min() > 0 and values.max() / values.min() > _LOG_ABOVE:
        axes.set_yscale("log")


def _name(line: Line) -> str:
    """The label, with how the level stands where its curve is not the whole story."""
    label = line.look.label
    if not line.standing:
        return label
    return f"{label[:-1]}, {line.standing})" if label.endswith(")") else f"{label} ({line.standing})"


def _end(line: Line) -> tuple[int, float]:
    return line.values.shape[1], float(line.mean[-1])


def _best(run: Run, values: NDArray[np.float64]) -> list[tuple[int, float]]:
    epoch = run.result.best_epoch if run.result else 0
    return [(epoch, float(values[epoch - 1]))] if 0 < epoch <= len(values) else []


def _head(lines: list[Line], width: float) -> float:
    """Inches that _names_above and a row of titles need above panels."""
    return 0.42 + _NAME_HEIGHT * _grid(lines, width)[1]


def _names_above(figure: Figure, lines: list[Line]) -> None:
    """Names of lines above all panels, in as many columns as fit."""
    width = float(figure.get_figwidth())
    figure.legend(
        handles=[line.look.handle(_name(line)) for line in lines],
        loc="upper left",
        bbox_to_anchor=(0.32 / width, 1.0),
        ncols=_grid(lines, width)[0],
        handlelength=2.8,
        columnspacing=1.6,
    )


def _grid(lines: list[Line], width: float) -> tuple[int, int]:
    """Columns and rows in which the names of lines fit into a width in inches."""
    widths, room = [text_width(_name(line)) + 0.6 for line in lines], width - 0.4
    if sum(widths) <= room:
        return len(widths), 1
    columns = max(1, int(room / max(widths)))
    return columns, -(-len(widths) // columns)
