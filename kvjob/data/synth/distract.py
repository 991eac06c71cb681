"""What looks like an instrument and is none: food, foam."""

import numpy as np
from numpy.typing import NDArray

from kvjob.data.synth.noise import Random
from kvjob.data.synth.part import Part
from kvjob.data.synth.shape import Points, ellipse, heading

CRUMBS = ((0.80, 0.70, 0.25), (0.80, 0.76, 0.66), (0.45, 0.30, 0.12))
"""Colours of food and tablets, linear RGB."""


def distractions(random: Random, centre: Points, diameter: float, wall: NDArray[np.float64]) -> list[Part]:
    """None, or a few, as parts that do not belong in the mask.

    Args:
        random: source of all chance.
        centre: middle of the visible part, in pixels.
        diameter: of the visible part, in pixels.
        wall: mean colour of the wall, linear RGB.
    """
    parts: list[Part] = []
    if random.random() < 0.18:
        parts += [_crumb(random, centre, diameter) for _ in range(random.integers(1, 4))]
    if random.random() < 0.25:
        parts += _bubbles(random, centre, diameter, wall)
    return parts


def _crumb(random: Random, centre: Points, diameter: float) -> Part:
    """A piece of food or a tablet."""
    where = centre + random.normal(0, 0.22, 2) * diameter
    size = diameter * random.uniform(0.015, 0.05)
    colour = CRUMBS[random.integers(len(CRUMBS))]
    outline = ellipse(where, heading(random.uniform(0, np.pi)), size * random.uniform(1, 2.2), size, 14)
    jagged = outline + random.normal(0, size * 0.08, outline.shape)
    return Part(jagged, colour, size / 2, 0.5, 20, labelled=False)


def _bubbles(random: Random, centre: Points, diameter: float, wall: NDArray[np.float64]) -> list[Part]:
    """Foam: a heap of small clear spheres."""
    middle = centre + random.normal(0, 0.22, 2) * diameter
    red, green, blue = (float(value) * 1.1 for value in wall)
    parts = []
    for _ in range(random.integers(4, 22)):
        where = middle + random.normal(0, 0.06, 2) * diameter
        size = diameter * min(random.lognormal(-4.4, 0.5), 0.035)
        outline = ellipse(where, np.array([1.0, 0.0]), size, size, 20)
        parts.append(Part(outline, (red, green, blue), size / 2, 2.2, 90, 0.45, labelled=False))
    return parts
