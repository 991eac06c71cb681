"""Outlines: curves, tubes around them, and pieces placed along a direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvjob.data.synth.noise import Random

Points = NDArray[np.float64]
"""Shape (n, 2): x and y in pixels of the picture being painted; a single point has shape (2,)."""


@dataclass(frozen=True)
class Place:
    """Where an instrument comes in and where it ends."""

    line: Points
    """From outside the visible part to the tip."""
    diameter: float
    """Of the visible part; the measure of all sizes."""

    @property
    def tip(self) -> Points:
        """End of the line."""
        return np.asarray(self.line[-1])

    @property
    def along(self) -> Points:
        """Direction at the tip."""
        return np.asarray(directions(self.line)[-1])

    def ahead(self, start: float, end: float) -> Points:
        """A straight line that goes on from the tip, between two distances from it."""
        return np.asarray(self.tip + self.along * np.linspace(start, end, 16)[:, None])


def draw_place(random: Random, centre: Points, diameter: float, *, near_edge: bool) -> Place:
    """A way in from the border to a tip.

    Args:
        random: source of all chance.
        centre: middle of the visible part, in pixels.
        diameter: of the visible part, in pixels.
        near_edge: whether it may come from anywhere and ends early, as the shaft of the endoscope does;
            otherwise it mostly comes from the lower right, where the working channel is.
    """
    entry = random.uniform(0, 2 * np.pi) if near_edge or random.random() < 0.35 else random.normal(1.1, 0.5)
    out = heading(entry)
    reach = random.uniform(-0.1, 0.18) if near_edge else random.uniform(-0.2, 0.22)
    start = centre + out * diameter * 0.80
    end = centre + (out * reach + across(out) * random.normal(0, 0.12)) * diameter
    bend = (start + end) / 2 + across(out) * random.normal(0, 0.09) * diameter
    return Place(curve(start, bend, end), diameter)


def heading(angle: float) -> Points:
    """The unit vector at an angle."""
    return np.array([np.cos(angle), np.sin(angle)])


def across(along: Points) -> Points:
    """A vector, or vectors, turned by a right angle."""
    return np.stack([-along[..., 1], along[..., 0]], axis=-1)


def turned(along: Points, angle: float) -> Points:
    """A vector turned by an angle."""
    return np.asarray(along * np.cos(angle) + across(along) * np.sin(angle))


def curve(start: Points, bend: Points, end: Points, steps: int = 32) -> Points:
    """A quadratic Bezier curve, shape (steps, 2)."""
    t = np.linspace(0, 1, steps)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end)


def directions(line: Points) -> Points:
    """Unit vectors along a line at each of its points."""
    along = np.gradient(line, axis=0)
    return np.asarray(along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9))


def tube(line: Points, widths: Points | float, roundness: float = 0.5) -> Points:
    """Outline of a tube around line; its far end is a half ellipse as long as roundness times its radius."""
    radii = np.broadcast_to(np.asarray(widths) / 2, len(line))
    along = directions(line)
    side = across(along) * radii[:, None]
    turn = np.linspace(np.pi / 2, -np.pi / 2, 25)[1:-1, None]
    cap = line[-1] + np.sin(turn) * side[-1] + np.cos(turn) * along[-1] * radii[-1] * roundness
    return np.concatenate([line + side, cap, (line - side)[::-1]])


def band(line: Points, widths: Points | float, start: float, end: float) -> Points:
    """The part of a tube between two shares of its length, a little wider than the tube."""
    radii = np.broadcast_to(np.asarray(widths) * 0.55, len(line))
    first = round(start * (len(line) - 1))
    piece = slice(first, max(round(end * (len(line) - 1)), first + 1) + 1)
    side = across(directions(line)[piece]) * radii[piece, None]
    return np.concatenate([line[piece] + side, (line[piece] - side)[::-1]])


def placed(local: Points, origin: Points, along: Points) -> Points:
    """Points given as (along, across) at origin, turned into the picture."""
    return np.asarray(origin + local[:, :1] * along + local[:, 1:] * across(along))


def ellipse(centre: Points, along: Points, length: float, width: float, steps: int = 40) -> Points:
    """An ellipse with its long axis in a direction."""
    turn = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return placed(np.stack([np.cos(turn) * length / 2, np.sin(turn) * width / 2], axis=1), centre, along)


def rounded(outline: Points) -> Points:
    """An outline with its corners cut twice (Chaikin), which makes it look turned or cast."""
    for _ in range(2):
        following = np.roll(outline, -1, axis=0)
        near, far = outline * 0.75 + following * 0.25, outline * 0.25 + following * 0.75
        outline = np.stack([near, far], axis=1).reshape(-1, 2)
    return outline
