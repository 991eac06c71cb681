"""One scene: a wall, instruments before it, and the camera that sees both."""

from dataclasses import dataclass

import cv2
import numpy as np

from kvjob.data.image import Image
from kvjob.data.synth.camera import add_grain, expose
from kvjob.data.synth.distract import distractions
from kvjob.data.synth.frame import Frame, draw_frame, write_overlay
from kvjob.data.synth.instruments import INSTRUMENTS, shaft
from kvjob.data.synth.mucosa import paint_wall
from kvjob.data.synth.noise import Field, Random, as_field, blur, rgb
from kvjob.data.synth.part import Part, draw, paint
from kvjob.data.synth.shape import Points, draw_place

PAINTED_WIDTH = 600
"""Scenes are painted at about this width and enlarged: endoscopes are no sharper, and it is faster by far."""
LEAST_SHARE = 0.004
"""Share of the picture below which what is seen of an instrument is not worth a scene."""


@dataclass(frozen=True)
class Scene:
    """A picture and the truth about it."""

    image: Image
    """RGB, shape (height, width, 3)."""
    mask: Image
    """255 where there is instrument, else 0; shape (height, width)."""
    quality: int
    """JPEG quality with which the video processor would have stored it."""


def draw_scene(seed: int, index: int) -> Scene:
    """The scene of that index: the same for the same seed, whatever is drawn before or beside it."""
    attempt = 0
    while True:
        random = np.random.default_rng((seed, index, attempt))
        scene = _draw(random)
        if np.count_nonzero(scene.mask) >= LEAST_SHARE * scene.mask.size:
            return scene
        attempt += 1


def _draw(random: Random) -> Scene:
    frame = draw_frame(random)
    scale = frame.width / PAINTED_WIDTH
    shape = (round(frame.height / scale), PAINTED_WIDTH)
    centre = np.array(frame.centre) / scale
    diameter = frame.diameter / scale
    wall = paint_wall(random, shape, (centre[0], centre[1]), diameter)
    parts = distractions(random, centre, diameter, wall.colour) + _instruments(random, centre, diameter)
    radiance = wall.radiance
    _shade(random, radiance, parts, diameter)
    light = random.uniform(0.75, 1.7)
    for part in parts:
        paint(part, radiance, light, wall.focus)
    radiance += wall.glints * rgb((1.0, 0.96, 0.80))
    return _photograph(random, frame, radiance, parts, scale)


def _instruments(random: Random, centre: Points, diameter: float) -> list[Part]:
    """One instrument, sometimes two."""
    kinds, shares = list(INSTRUMENTS), np.array(list(INSTRUMENTS.values()))
    parts: list[Part] = []
    for _ in range(2 if random.random() < 0.12 else 1):
        kind = kinds[random.choice(len(kinds), p=shares / shares.sum())]
        parts += kind(random, draw_place(random, centre, diameter, near_edge=kind is shaft))
    return parts


def _shade(random: Random, radiance: Field, parts: list[Part], diameter: float) -> None:
    """Shadows that the parts cast on the wall, a hard one close by and a soft one further off."""
    area = np.zeros(radiance.shape[1:], np.uint8)
    for part in parts:
        draw(part, area)
    covered = as_field(area) * np.float32(1 / 255)
    reach = random.normal(0, 0.02, 2) * diameter
    cast = cv2.warpAffine(covered, np.array([[1, 0, reach[0]], [0, 1, reach[1]]]), covered.shape[::-1])
    hard = blur(as_field(cast), diameter * 0.012) * np.float32(random.uniform(0.2, 0.55))
    soft = blur(covered, diameter * 0.03) * np.float32(0.25)
    radiance *= 1 - np.minimum(hard + soft, 0.8)


def _photograph(random: Random, frame: Frame, radiance: Field, parts: list[Part], scale: float) -> Scene:
    size = (frame.width, frame.height)
    image = np.asarray(cv2.resize(expose(random, radiance), size, interpolation=cv2.INTER_CUBIC), np.uint8)
    mask = np.zeros((frame.height, frame.width), np.uint8)
    for part in parts:
        if part.labelled:
            draw(part, mask, scale)
    mask = (mask > 127).view(np.uint8) * np.uint8(255)
    add_grain(random, image)
    visible = frame.visible()
    around = np.empty_like(image)
    cv2.rectangle(around, (0, 0), size, frame.border, -1)
    image = np.asarray(cv2.copyTo(image, visible, around), np.uint8)
    mask &= visible
    write_overlay(random, frame, image, mask)
    return Scene(image, mask, int(random.integers(72, 96)))
