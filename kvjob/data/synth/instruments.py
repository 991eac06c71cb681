"""What endoscopists put into the picture: each function lays out one instrument as parts, back to front."""

from collections.abc import Callable

import numpy as np

from kvjob.data.synth.fittings import coil, metal, number, sheath, straight
from kvjob.data.synth.noise import Random
from kvjob.data.synth.part import Mark, Part
from kvjob.data.synth.shape import Place, band, ellipse, placed, rounded, tube, turned

CUP = np.array(
    [(0, -0.12), (0.3, -0.30), (0.75, -0.34), (1, -0.16), (1.02, 0.1), (0.7, 0.14), (0.3, 0.1), (0, 0.12)]
)
"""Outline of one cup of a forceps, as (along, across) in its lengths."""
BALLOONS = ((0.62, 0.66, 0.70), (0.45, 0.55, 0.72), (0.66, 0.60, 0.42))


def shaft(random: Random, place: Place) -> list[Part]:
    """The endoscope itself, seen when it is bent back on itself: broad, black, with numbers."""
    broad, tip = random.uniform(0.38, 0.66), random.uniform(0.16, 0.34)
    widths = np.linspace(broad, tip, len(place.line)) * place.diameter
    marks: list[Mark] = []
    if random.random() < 0.6:
        ring = random.uniform(0.5, 0.8)
        marks.append(Mark(band(place.line, widths, ring, ring + 0.025), (0.55, 0.52, 0.40), 0.8))
        marks += number(random, place, widths, ring - 0.2)
    elif random.random() < 0.5:
        joint = random.uniform(0.3, 0.6)
        marks.append(Mark(band(place.line, widths, joint, joint + 0.02), (0.045, 0.05, 0.05), 0.8))
    black = random.uniform(0.4, 1.7)
    colour = (0.012 * black, 0.014 * black, 0.013 * black)
    outline = tube(place.line, widths, random.uniform(0.3, 0.9))
    return [Part(outline, colour, float(widths.mean()) / 2, 0.10, 9, marks=tuple(marks))]


def forceps(random: Random, place: Place) -> list[Part]:
    """Biopsy forceps: a sheath, a coiled neck and two cups, more or less open."""
    width = place.diameter * random.uniform(0.065, 0.11)
    colour = metal(random)
    neck = place.ahead(0, width * 1.6)
    parts = [
        sheath(random, place, width),
        straight(neck, width * 0.75, colour, 0.8, coil(neck, width * 0.75)),
    ]
    start = neck[-1]
    gape, length = random.uniform(0.05, 0.75), width * random.uniform(1.3, 1.9)
    for side in (-1, 1):
        along = turned(place.along, side * gape)
        cup = rounded(placed(CUP * (length, -length * side), start, along))
        parts.append(Part(cup, colour, width * 0.28, 0.9, 22))
        if gape > 0.35:
            hollow = ellipse(start + along * length * 0.62, along, length * 0.45, length * 0.13)
            parts.append(Part(hollow, (0.05, 0.05, 0.05), width * 0.1, 0.2))
    hinge = ellipse(start, place.along, width * 0.8, width * 0.7)
    return [*parts, Part(hinge, colour, width * 0.3, 0.9, 25)]


def snare(random: Random, place: Place) -> list[Part]:
    """A loop of wire, open or half closed, at the end of a thin sheath."""
    length = place.diameter * random.uniform(0.12, 0.32)
    breadth, belly = length * random.uniform(0.35, 0.8), random.uniform(0.35, 0.65)
    turn = np.linspace(0, 2 * np.pi, 60)
    out = (1 - np.cos(turn)) / 2
    loop = np.stack([length * out, breadth / 2 * np.sin(turn) * out**belly], axis=1)
    skew = np.array([[1, random.normal(0, 0.2)], [0, 1]])
    outline = placed(loop @ skew, place.tip, turned(place.along, random.normal(0, 0.2)))
    wire = max(place.diameter * random.uniform(0.009, 0.016), 2.0)
    return [
        Part(outline, metal(random, 1.5), wire / 2, 0.9, 12, width=wire),
        sheath(random, place, place.diameter * random.uniform(0.045, 0.08)),
    ]


def balloon(random: Random, place: Place) -> list[Part]:
    """A dilation balloon: clear, with the catheter showing through and rings of metal on it."""
    width = place.diameter * random.uniform(0.04, 0.07)
    size = place.diameter * random.uniform(0.16, 0.34)
    length = size * random.uniform(1.3, 2.1)
    inner = place.ahead(-0.1 * length, length * 1.02)
    rings = tuple(Mark(band(inner, width, at, at + 0.05), (0.1, 0.09, 0.08)) for at in (0.2, 0.75))
    skin = ellipse(place.ahead(0, length * 0.5)[-1], place.along, length, size)
    colour, opacity = BALLOONS[random.integers(len(BALLOONS))], random.uniform(0.45, 0.8)
    return [
        sheath(random, place, width),
        straight(inner, width, (0.5, 0.52, 0.56), 0.4, rings),
        Part(skin, colour, size / 2, 1.3, 45, opacity=opacity),
    ]


def catheter(random: Random, place: Place) -> list[Part]:
    """A tube with a metal end, a needle or an open mouth, as for coagulation, injection or suction."""
    width = place.diameter * random.uniform(0.07, 0.16)
    kind = random.integers(3)
    tube_part = sheath(random, place, width)
    if kind == 0:
        end = place.ahead(-width * 0.2, width * random.uniform(0.8, 1.8))
        return [straight(end, width * 0.42, metal(random), 0.9), tube_part]
    if kind == 1:
        needle = place.ahead(0, place.diameter * random.uniform(0.05, 0.10))
        pointed = np.concatenate([np.full(12, width * 0.3), width * np.linspace(0.28, 0.06, 4)])
        return [Part(tube(needle, pointed), metal(random), width * 0.15, 1.0, 12), tube_part]
    mouth = ellipse(place.tip + place.along * width * 0.12, place.along, width * 0.35, width * 0.62)
    return [tube_part, Part(mouth, (0.03, 0.03, 0.03), width * 0.1, 0.1)]


def clip(random: Random, place: Place) -> list[Part]:
    """A haemostatic clip that was left behind on the wall."""
    size = place.diameter * random.uniform(0.10, 0.16)
    along = turned(place.along, random.uniform(-0.8, 0.8))
    colour, gape = metal(random, 1.3), random.uniform(0.1, 0.4)
    leg = np.array([(0.0, 0.0), (0.5, gape), (0.95, gape * 0.9), (1.08, gape * 0.5)]) * size
    legs = [placed(leg * (1, side), place.tip, along) for side in (-1, 1)]
    body = placed(np.array([(-0.75, 0.0), (-0.4, 0.0), (0.02, 0.0)]) * size, place.tip, along)
    return [
        *(Part(line, colour, size * 0.06, 0.9, 15, width=size * 0.13) for line in legs),
        Part(tube(body, size * 0.26, 1.0), colour, size * 0.13, 0.9, 20),
    ]


INSTRUMENTS: dict[Callable[[Random, Place], list[Part]], float] = {
    shaft: 0.30,
    forceps: 0.20,
    snare: 0.16,
    balloon: 0.08,
    catheter: 0.20,
    clip: 0.06,
}
"""Instruments, and how often each is seen; clips show up beside others, too."""
