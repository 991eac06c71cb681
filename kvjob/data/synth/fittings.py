"""Pieces that several instruments share: sheaths, straight tubes, coils, and printed numbers."""

import numpy as np

from kvjob.data.synth.noise import Random
from kvjob.data.synth.part import Colour, Mark, Part
from kvjob.data.synth.shape import Place, Points, across, band, directions, placed, tube

SHEATHS: tuple[Colour, ...] = (
    (0.80, 0.80, 0.82),  # white
    (0.30, 0.36, 0.72),  # blue
    (0.42, 0.47, 0.52),  # grey
    (0.16, 0.42, 0.36),  # green
    (0.72, 0.55, 0.16),  # yellow
    (0.06, 0.06, 0.07),  # black
    (0.62, 0.34, 0.26),  # flesh-coloured, hard to tell from the wall
)
SHEATH_SHARES = (0.30, 0.18, 0.14, 0.10, 0.08, 0.10, 0.10)
METALS: tuple[Colour, ...] = ((0.40, 0.39, 0.37), (0.46, 0.36, 0.18))
"""Steel and brass."""

_TOP, _MIDDLE, _BOTTOM = (0, 1, 0.5, 1), (0, 0.5, 0.5, 0.5), (0, 0, 0.5, 0)
_UPPER_LEFT, _UPPER_RIGHT = (0, 0.5, 0, 1), (0.5, 0.5, 0.5, 1)
_LOWER_LEFT, _LOWER_RIGHT = (0, 0, 0, 0.5), (0.5, 0, 0.5, 0.5)
_FIGURES = (
    (_TOP, _BOTTOM, _UPPER_LEFT, _UPPER_RIGHT, _LOWER_LEFT, _LOWER_RIGHT),
    (_TOP, _MIDDLE, _BOTTOM, _UPPER_RIGHT, _LOWER_LEFT),
    (_TOP, _MIDDLE, _BOTTOM, _UPPER_RIGHT, _LOWER_RIGHT),
    (_MIDDLE, _UPPER_LEFT, _UPPER_RIGHT, _LOWER_RIGHT),
    (_TOP, _MIDDLE, _BOTTOM, _UPPER_LEFT, _LOWER_RIGHT),
)
"""0, 2, 3, 4 and 5 as strokes from (x, y) to (x, y)."""


def metal(random: Random, brightness: float = 1.0) -> Colour:
    """Steel or brass."""
    red, green, blue = METALS[random.integers(len(METALS))]
    return red * brightness, green * brightness, blue * brightness


def sheath(random: Random, place: Place, width: float) -> Part:
    """The tube that leads from the border to the tip, narrower with distance, sometimes with rings."""
    widths = np.linspace(width * random.uniform(1.25, 1.9), width, len(place.line))
    colour = SHEATHS[random.choice(len(SHEATHS), p=SHEATH_SHARES)]
    marks: tuple[Mark, ...] = ()
    if random.random() < 0.45:
        ink = SHEATHS[random.integers(len(SHEATHS))]
        at = random.uniform(0.55, 0.85)
        marks = tuple(
            Mark(band(place.line, widths, start, start + 0.06), ink, 0.85) for start in (at, at + 0.1)
        )
    outline = tube(place.line, widths, random.uniform(0.1, 0.5))
    gloss, glow = random.uniform(0.3, 0.9), random.uniform(0.0, 0.35)
    return Part(outline, colour, width * 0.62, gloss, 25, glow=glow, marks=tuple(marks))


def straight(line: Points, width: float, colour: Colour, gloss: float, marks: tuple[Mark, ...] = ()) -> Part:
    """A tube of one width."""
    return Part(tube(line, width), colour, width / 2, gloss, 18, marks=marks)


def coil(line: Points, width: float) -> tuple[Mark, ...]:
    """The dark gaps between the turns of a wound wire."""
    starts = np.arange(0.05, 0.95, 0.13)
    return tuple(Mark(band(line, width, start, start + 0.05), (0.12, 0.11, 0.1), 0.7) for start in starts)


def number(random: Random, place: Place, widths: Points, at: float) -> list[Mark]:
    """A number that ends in zero, printed at a share of the line's length: centimetres from the tip."""
    index = max(round(at * (len(place.line) - 1)), 1)
    size = float(widths[index]) * 0.30
    along = directions(place.line)[index]
    marks = []
    for column, figure in enumerate((_FIGURES[random.integers(len(_FIGURES))], _FIGURES[0])):
        origin = place.line[index] + across(along) * size * (column - 0.5) * 0.85
        for x0, y0, x1, y1 in figure:
            ends = placed(np.array([(y0 - 0.5, x0 - 0.25), (y1 - 0.5, x1 - 0.25)]) * size, origin, -along)
            stroke = tube(np.linspace(ends[0], ends[1], 4), size * 0.17, 0.6)
            marks.append(Mark(stroke, (0.75, 0.70, 0.52), 0.9))
    return marks
