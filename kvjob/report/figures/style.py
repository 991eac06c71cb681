"""How figures look: type, ink, one colour per level, safe for the colour-blind and on dark pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kvjob.report.figures.fonts import FAMILY, small_fonts
from kvjob.report.read import StudyData
from kvjob.report.summary import level_label
from kvjob.study import Experiment

Dashes = Literal["-"] | tuple[float, tuple[float, ...]]

WIDTH = 7.2
"""Width of a figure in inches: the text width of a two-column paper."""

COLUMN = 3.4
"""Width of one of its columns."""

INK, MUTED, RULE, PAPER, CHARCOAL = "#1f2328", "#646c75", "#e3e6ea", "#ffffff", "#30363d"
ON_DEEP, ON_LIGHT = "#fdfdfe", "#1e2227"
"""Text on a deep colour and on a light one; on a dark page all colours are light."""

_NOMINAL = ("#186984", "#ae4f21", "#129867", "#ef3ed7", "#ae8623", "#488cec", "#9d1aba", "#7b4304")
"""Near Okabe and Ito's hues, moved until charcoal and the first four are far apart for every kind of colour
vision and in grey, and all of them for every kind of colour vision (the test measures it in CAM02-UCS)."""
BETTER, WORSE = _NOMINAL[:2]
_NOMINAL_DARK = ("#5790b8", "#e0790d", "#45c988", "#f5a0fa", "#f1e93f", "#90e9fe", "#ce62f6", "#d1a05c")
_ORDERED = ("#482173", "#443b84", "#3a538b", "#306a8e", "#277e8e", "#20928c", "#21a585")
"""The dark part of viridis in even steps, from few to many; on a dark page its light part."""
_ORDERED_DARK = ("#287d8e", "#1f948c", "#25ac82", "#48c16e", "#7fd34e", "#c0df25", "#fde725")
_LIGHT, _LONGEST_LABEL = 130, 28
_DASHES: tuple[Dashes, ...] = (
    (0, (5, 1.4)),
    (0, (1.5, 1.1)),
    (0, (7, 1.4, 1.5, 1.4)),
    (0, (3, 1.1, 1, 1.1, 1, 1.1)),
    (0, (9, 2)),
)
_MARKERS = ("s", "^", "D", "v", "P", "X", "p")
_BASELINE = " (baseline)"

DARK = {
    INK: "#e6e8ea",
    MUTED: "#9aa4ae",
    RULE: "#2e343c",
    PAPER: PAPER,
    ON_DEEP: "#0e1114",
    ON_LIGHT: "#0e1115",
    CHARCOAL: "#d9dfe5",
    **dict(zip(_NOMINAL + _ORDERED, _NOMINAL_DARK + _ORDERED_DARK, strict=True)),
}
"""What each colour becomes on a dark page; paper is the page itself."""

_RC: dict[Any, Any] = {
    "font.family": list(FAMILY),
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
    "image.composite_image": False,
    "path.simplify": True,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one level of an experiment is drawn and called in all of its figures."""

    label: str
    colour: str
    dashes: Dashes
    marker: str
    baseline: bool = False

    @property
    def width(self) -> float:
        """Of its lines, in points."""
        return 2.0 if self.baseline else 1.4

    @property
    def on(self) -> str:
        """The colour of text on this one."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return ON_LIGHT if 0.3 * red + 0.59 * green + 0.11 * blue > _LIGHT else ON_DEEP

    def handle(self, name: str) -> Line2D:
        """A line for a legend."""
        return Line2D([], [], color=self.colour, linestyle=self.dashes, linewidth=self.width, label=name)


def looks(data: StudyData, experiment: Experiment) -> dict[str, Look]:
    """The look of every level, by the level's name, the same in all figures of the experiment.

    The baseline is charcoal, solid and called so. Of the others, numbers get a ramp in their order and names
    contrasting colours; each has dashes and a marker too, which are what is left of it in grey.
    """
    others = [level for level in experiment.levels if not data.is_baseline(experiment, level)]
    values = [level.changes.get(experiment.factor) for level in others]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    ordered = len(numbers) == len(others) and not any(isinstance(value, bool) for value in values)
    if ordered:
        others = [others[i] for i in sorted(range(len(others)), key=lambda i: numbers[i])]
    places = {level.name: place for place, level in enumerate(others)}
    result = {}
    for level in experiment.levels:
        label = level_label(experiment, level)
        if level.name not in places:
            name = shorten(label, _LONGEST_LABEL - len(_BASELINE))
            name += "" if name.lower().startswith("baseline") else _BASELINE
            result[level.name] = Look(name, CHARCOAL, "-", "o", baseline=True)
            continue
        place = places[level.name]
        colour = _ramp(place, len(others)) if ordered else _NOMINAL[place % len(_NOMINAL)]
        dashes, marker = _DASHES[place % len(_DASHES)], _MARKERS[place % len(_MARKERS)]
        result[level.name] = Look(shorten(label), colour, dashes, marker)
    return result


def _ramp(place: int, count: int) -> str:
    steps = len(_ORDERED)
    if count > steps:
        return _ORDERED[place % steps]
    return _ORDERED[round(place * (steps - 1) / max(1, count - 1))]


def shorten(label: str, longest: int = _LONGEST_LABEL) -> str:
    """A label on one line, cut where it would leave no room for the figure; tables have it whole."""
    label = " ".join(label.split())
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


@contextmanager
def style() -> Iterator[None]:
    """Drawn and saved within, a figure looks like the others and has the same bytes every time."""
    small_fonts()
    with mpl.rc_context(_RC):
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, in inches, that belongs to no window system."""
    return Figure(figsize=(width, height), layout=None)
