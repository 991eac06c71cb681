"""The wall of the gut: colour, folds, vessels, lumen, and the glints of light on its wet surface."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.data.synth.noise import Field, Random, as_field, blur, coarse, power, rgb, smooth, step
from kvjob.data.synth.shape import curve

PALETTES = (
    ((0.58, 0.120, 0.035), (0.38, 0.045, 0.012)),  # orange
    ((0.68, 0.200, 0.110), (0.46, 0.075, 0.040)),  # pink
    ((0.42, 0.065, 0.022), (0.24, 0.020, 0.007)),  # dark red
    ((0.46, 0.210, 0.230), (0.30, 0.100, 0.120)),  # mauve
    ((0.48, 0.170, 0.060), (0.30, 0.075, 0.022)),  # ochre
    ((0.56, 0.130, 0.065), (0.36, 0.050, 0.026)),  # red
)
"""Colours of the wall and of its redder patches, linear RGB."""


@dataclass(frozen=True)
class Wall:
    """The background of a scene, before instruments."""

    radiance: Field
    """Linear red, green and blue, shape (3, height, width); 1 is about where the sensor saturates."""
    glints: Field
    """Mirror images of the lamp, to be added last; shape (height, width)."""
    focus: tuple[float, float]
    """Where the light is brightest, in pixels."""
    colour: NDArray[np.float64]
    """Mean colour of the wall, linear RGB."""


def paint_wall(random: Random, shape: tuple[int, int], centre: tuple[float, float], diameter: float) -> Wall:
    """A wall, seen along the lumen or face on.

    Args:
        random: source of all chance.
        shape: height and width of the picture to paint.
        centre: middle of its visible part, in pixels.
        diameter: of the visible part, in pixels.
    """
    x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in shape[::-1]))
    x, y = (
        (x - np.float32(centre[0])) / np.float32(diameter),
        (y - np.float32(centre[1])) / np.float32(diameter),
    )
    focus = random.normal(0, 0.12), random.normal(0, 0.12)
    along = random.random() < 0.4
    light, relief = _tunnel(random, x, y, diameter) if along else _face(random, x, y, diameter, focus)
    swelling = _bumps(random, x, y) + _ridges(random, x.shape, centre, diameter)
    light = light * _slope_shade(random, relief + swelling, diameter)
    colour, albedo = _colour(random, shape, diameter)
    albedo = _residue(random, albedo, diameter)
    albedo *= 1 - np.minimum(swelling * 9, 0.5) * rgb((0.1, 0.6, 0.5))
    # Light that has bounced between red walls before it comes back is redder, so shadows are, too.
    radiance = albedo * (light + rgb((0.035, 0.004, 0.002)))
    spot = (centre[0] + focus[0] * diameter, centre[1] + focus[1] * diameter)
    return Wall(as_field(radiance), _glints(random, light, relief + swelling, diameter), spot, colour)


def _tunnel(random: Random, x: Field, y: Field, diameter: float) -> tuple[Field, Field]:
    """Looking along the lumen: ring folds, each hiding what lies behind it, fading into the dark."""
    where = random.normal(0, 0.15), random.normal(0, 0.15)
    warp = smooth(random, x.shape, diameter * 0.35)
    across, turn = random.uniform(0.75, 1.3), random.uniform(0, math.pi)
    cosine, sine = math.cos(turn), math.sin(turn)
    u = (x - where[0]) * cosine + (y - where[1]) * sine
    v = (y - where[1]) * cosine - (x - where[0]) * sine
    radius = np.sqrt((u * across) ** 2 + (v / across) ** 2) * (1 + 0.13 * warp) + 0.01
    hole = random.uniform(0.06, 0.15)
    wobble = smooth(random, x.shape, diameter * 0.3) * np.float32(random.uniform(0.05, 0.2))
    phase = random.uniform(0.7, 1.5) * np.log(radius / hole) + wobble + random.random()
    turnwise = phase - np.floor(phase)
    strength = np.clip(0.6 + 0.35 * smooth(random, x.shape, diameter * 0.3), 0.0, 1.0)
    # Outward from a crest the wall falls back into shadow, until the next crest stands before it.
    crest = (1 - 0.75 * power(turnwise, 1.3)) * step(turnwise, -0.01, 0.06) + 0.12 * step(
        turnwise, 0.06, -0.01
    )
    folds = 1 - strength + strength * crest
    depth = power(step(radius, hole * 0.4, hole * random.uniform(3.0, 5.5)), 1.5) * 0.97 + 0.012
    fade = 1.5 - 0.9 * step(radius, 0.25, 0.75)
    relief = 0.02 * np.sin(phase * np.float32(2 * np.pi)) * strength + 0.025 * warp
    return as_field(depth * folds * fade), as_field(relief)


def _face(
    random: Random, x: Field, y: Field, diameter: float, focus: tuple[float, float]
) -> tuple[Field, Field]:
    """Looking at the wall: long folds, near and bright on one side, far and dark on the other."""
    turn = random.uniform(0, 2 * math.pi)
    side = x * math.cos(turn) + y * math.sin(turn)
    warp = smooth(random, x.shape, diameter * 0.4, 2)
    distance = np.clip(1 + random.uniform(1.2, 3.0) * (side + 0.15 * warp), 0.6, 5)
    spot = 1.1 / (distance**2 * (1 + 1.8 * ((x - focus[0]) ** 2 + (y - focus[1]) ** 2)))
    folds = smooth(random, x.shape, diameter * random.uniform(0.2, 0.4))
    there = step(smooth(random, x.shape, diameter * 0.35), -0.2, 1.4)
    valley = np.exp(-((folds / np.float32(0.4)) ** 2)) * there
    relief = 0.03 * np.sqrt(folds**2 + np.float32(0.1)) * there + 0.05 * warp
    return as_field(spot * (1 - 0.65 * valley)), as_field(relief)


def _bumps(random: Random, x: Field, y: Field) -> Field:
    """Polyps and swellings: how far they rise, in diameters."""
    relief = np.zeros(x.shape, np.float32)
    for _ in range(random.choice([0, 1, 2, 3], p=[0.5, 0.3, 0.12, 0.08])):
        px, py = random.normal(0, 0.2), random.normal(0, 0.2)
        size, flat = random.uniform(0.04, 0.15), random.uniform(0.75, 1.3)
        inside = 1 - ((x - px) * flat / size) ** 2 - ((y - py) / flat / size) ** 2
        relief += np.float32(size * random.uniform(0.3, 0.7)) * step(inside, -0.25, 1.1)
    return relief


def _ridges(random: Random, shape: tuple[int, ...], centre: tuple[float, float], diameter: float) -> Field:
    """Folds as long and round as an instrument, seen from the side."""
    relief = np.zeros(shape, np.float32)
    for _ in range(random.choice([0, 1, 2], p=[0.7, 0.2, 0.1])):
        ends = np.array(centre) + random.normal(0, (0.45, 0.2, 0.3), (2, 3)).T * diameter
        width = diameter * random.uniform(0.05, 0.11)
        cv2.polylines(relief, [np.round(curve(*ends)).astype(np.int32)], False, 1.0, round(width))
        relief = blur(relief, width * 0.3) * np.float32(random.uniform(0.3, 0.5) * width / diameter)
    return relief


def _slope_shade(random: Random, relief: Field, diameter: float) -> Field:
    """How light from the side makes relief (in diameters) visible."""
    shape = (relief.shape[0], relief.shape[1])
    detail = relief + np.float32(random.uniform(0.0004, 0.0014)) * smooth(random, shape, diameter / 35, 2)
    toward = random.uniform(0, 2 * math.pi)
    slope_x, slope_y = (
        cv2.Sobel(detail, cv2.CV_32F, *order, ksize=3, scale=diameter / 8) for order in ((1, 0), (0, 1))
    )
    lit = 1 - (slope_x * math.cos(toward) + slope_y * math.sin(toward)) * np.float32(0.8)
    return as_field(np.clip(lit / np.sqrt(1 + 0.5 * (slope_x**2 + slope_y**2)), 0.12, 1.9))


def _colour(random: Random, shape: tuple[int, int], diameter: float) -> tuple[NDArray[np.float64], Field]:
    """Albedo of the wall: patches, mottling and vessels."""
    pale, red = (np.array(colour) for colour in PALETTES[random.integers(len(PALETTES))])
    tint = random.normal(1, 0.08, 3)
    pale, red = pale * tint, red * tint
    patches = coarse(shape, 4, lambda small: smooth(random, small, diameter / 4 * 0.2, 4))
    share = step(patches, -1.3, 1.8) * np.float32(random.uniform(0.4, 1.0))
    albedo = rgb(pale) + share * rgb(red - pale)
    albedo *= 1 + np.float32(0.04) * smooth(random, shape, diameter / 90, 2)
    vessels = _vessels(random, shape, diameter) * np.float32(random.choice([0.1, 0.4, 0.8]))
    albedo *= 1 - vessels * rgb((0.30, 0.75, 0.7))
    return (pale + red) / 2, as_field(albedo)


def _vessels(random: Random, shape: tuple[int, int], diameter: float) -> Field:
    """Branching lines: where smooth fields pass through zero, in patches."""
    net = np.zeros(shape, np.float32)
    for cell, width in ((0.16, 0.05), (0.07, 0.09)):
        field = smooth(random, shape, diameter * cell, 2)
        net = np.maximum(net, np.exp(-((field / np.float32(width)) ** 2)) * np.float32(0.6 + 2 * cell))
    there = coarse(shape, 4, lambda small: smooth(random, small, diameter / 4 * 0.22, 2))
    return blur(as_field(net * step(there, 0.0, 1.0)), 0.8)


def _residue(random: Random, albedo: Field, diameter: float) -> Field:
    """Mucus, bile and what was eaten."""
    if random.random() > 0.2:
        return albedo
    shape = (albedo.shape[1], albedo.shape[2])
    colours = ((0.50, 0.30, 0.03), (0.28, 0.22, 0.03), (0.66, 0.52, 0.33))
    colour = rgb(colours[random.integers(3)])
    field = smooth(random, shape, diameter * random.uniform(0.03, 0.1), 3)
    pool = coarse(shape, 4, lambda small: smooth(random, small, diameter / 4 * 0.3))
    there = step(field * np.float32(0.7) + pool, 1.7, 2.4) * np.float32(random.uniform(0.3, 0.75))
    return as_field(albedo + there * (colour - albedo))


def _glints(random: Random, light: Field, relief: Field, diameter: float) -> Field:
    """Mirror images of the lamp, where the wet surface happens to face it."""
    shape = (relief.shape[0], relief.shape[1])
    waves = smooth(random, shape, diameter / random.uniform(60, 130)) + np.float32(0.4) * smooth(
        random, shape, diameter / 28
    )
    wet = coarse(shape, 4, lambda small: smooth(random, small, diameter / 4 * 0.16, 2))
    level = waves + wet + np.float32(9) * blur(relief, 2) + np.float32(0.6) * np.minimum(light, 1)
    start = random.uniform(3.6, 5.0)
    return as_field(step(level, start, start + 0.5) * np.clip(light * 3, 0, 2.5))
