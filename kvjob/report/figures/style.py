"""How figures look: type, ink, one colour per level, safe for the colour-blind and on dark pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kvjob.report.read import StudyData
from kvjob.report.summary import level_label
from kvjob.study import Experiment

Dashes = Literal["-"] | tuple[float, tuple[float, ...]]

WIDTH = 7.2
"""Width of a figure in inches: the text width of a two-column paper."""

INK, MUTED, RULE, PAPER, CHARCOAL = "#1f2328", "#646c75", "#e3e6ea", "#ffffff", "#434a53"
ON_DEEP, ON_LIGHT = "#fdfdfe", "#1e2227"
"""Text on a deep colour and on a light one; on a dark page all colours are light."""

_NOMINAL = ("#0072b2", "#d55e00", "#009e73", "#b8628f", "#c98a00", "#3c9cd0", "#7a5195", "#8a6d3b")
"""Okabe and Ito's colours, the light ones darkened until a thin line of them shows on white."""
BETTER, WORSE = _NOMINAL[:2]
_NOMINAL_DARK = ("#4ba3e3", "#f2813d", "#2fc198", "#e29bc2", "#f0b73a", "#8ccdf5", "#b79ae0", "#cdb07a")
_ORDERED = ("#2a0f7a", "#5c12a0", "#8b1ba0", "#b5367a", "#d2544f", "#e06f2c", "#d98b12")
"""A ramp of even steps in lightness, from few to many."""
_ORDERED_DARK = ("#8a7df0", "#a978ea", "#c872da", "#e072b4", "#f0808a", "#f79a62", "#f6bd4a")
_LIGHT, _LONGEST_LABEL = 130, 28
_DASHES: tuple[Dashes, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))

DARK = {
    INK: "#e6e8ea",
    MUTED: "#9aa4ae",
    RULE: "#2e343c",
    PAPER: PAPER,
    ON_DEEP: "#0e1114",
    ON_LIGHT: "#0e1115",
    CHARCOAL: "#c5ccd4",
    **dict(zip(_NOMINAL + _ORDERED, _NOMINAL_DARK + _ORDERED_DARK, strict=True)),
}
"""What each colour becomes on a dark page; paper is the page itself."""

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "svg.hashsalt": "kvjob",
    "path.simplify": True,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one level of an experiment is drawn and called in all of its figures."""

    label: str
    colour: str
    dashes: Dashes

    @property
    def on(self) -> str:
        """The colour of text on this one."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return ON_LIGHT if 0.3 * red + 0.59 * green + 0.11 * blue > _LIGHT else ON_DEEP

    def handle(self, name: str) -> Line2D:
        """A line for a legend."""
        return Line2D([], [], color=self.colour, linestyle=self.dashes, label=name)


def looks(data: StudyData, experiment: Experiment) -> dict[str, Look]:
    """The look of every level, by the level's name.

    Numbers get a ramp in their order. Names get contrasting colours, and charcoal is the baseline's. What
    goes beyond the colours there are comes again with another dash pattern.
    """
    levels = experiment.levels
    values = [level.changes.get(experiment.factor) for level in levels]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return _ordered(experiment, [float(value) for value in values if isinstance(value, int | float)])
    result: dict[str, Look] = {}
    position = 0
    for level in levels:
        colour, dashes = CHARCOAL, _DASHES[0]
        if not data.is_baseline(experiment, level):
            colour, dashes = _NOMINAL[position % len(_NOMINAL)], _dashes(position // len(_NOMINAL))
            position += 1
        result[level.name] = Look(shorten(level_label(experiment, level)), colour, dashes)
    return result


def _ordered(experiment: Experiment, values: list[float]) -> dict[str, Look]:
    ranks = {i: rank for rank, i in enumerate(sorted(range(len(values)), key=lambda i: values[i]))}
    steps = len(_ORDERED)
    result = {}
    for i, level in enumerate(experiment.levels):
        colour, dashes = _ORDERED[ranks[i] % steps], _dashes(ranks[i] // steps)
        if len(values) <= steps:
            colour, dashes = _ORDERED[round(ranks[i] * (steps - 1) / max(1, len(values) - 1))], _DASHES[0]
        result[level.name] = Look(shorten(level_label(experiment, level)), colour, dashes)
    return result


def shorten(label: str) -> str:
    """A label on one line, cut where it would leave no room for the figure; tables have it whole."""
    label = " ".join(label.split())
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _dashes(turn: int) -> Dashes:
    return _DASHES[turn % len(_DASHES)]


@contextmanager
def style() -> Iterator[None]:
    """Drawn and saved within, a figure looks like the others and has the same bytes every time."""
    with mpl.rc_context(_RC):
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, in inches, that belongs to no window system."""
    return Figure(figsize=(width, height), layout=None)
