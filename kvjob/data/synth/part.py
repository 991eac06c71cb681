"""A piece of an instrument: an outline, filled with a surface that is round, lit and shiny.

The same outline is drawn into the picture and, at native size, into the mask, so both always agree.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from kvjob.data.image import Image
from kvjob.data.synth.noise import Field, as_field, blur, power, rgb
from kvjob.data.synth.shape import Points

Colour = tuple[float, float, float]
"""Linear RGB."""

_SHIFT = 4
"""OpenCV takes coordinates in 1/16 of a pixel."""


@dataclass(frozen=True)
class Mark:
    """Something printed on a part: a ring, a stripe, a number."""

    outline: Points
    colour: Colour
    opacity: float = 1.0


@dataclass(frozen=True)
class Part:
    """One piece."""

    outline: Points
    colour: Colour
    radius: float
    """How far from the edge the surface is still curved, in pixels; half the width for a tube."""
    gloss: float = 0.5
    """Strength of the mirror image of the lamp."""
    polish: float = 30.0
    """Sharpness of that mirror image."""
    opacity: float = 1.0
    glow: float = 0.0
    """Light from within or through, as in a thin sheath near the lamp."""
    softness: float = 0.7
    """Width of the blurred edge, in pixels."""
    width: float = 0.0
    """If not 0, the outline is a wire of this width and not an area."""
    marks: tuple[Mark, ...] = ()
    labelled: bool = True
    """Whether it belongs in the mask; folds and food that look like instruments do not."""


def draw(part: Part, area: Image, scale: float = 1.0) -> None:
    """Set area to 255 where the part is; scale leads from the part's pixels to area's."""
    points = np.round((part.outline + 0.5) * scale * 2**_SHIFT - 2 ** (_SHIFT - 1)).astype(np.int32)
    if part.width:
        thickness = max(1, round(part.width * scale))
        cv2.polylines(area, [points], False, 255, thickness, cv2.LINE_AA, _SHIFT)
    else:
        cv2.fillPoly(area, [points], 255, cv2.LINE_AA, _SHIFT)


def paint(part: Part, radiance: Field, light: float, focus: tuple[float, float]) -> None:
    """Paint the part over radiance.

    Args:
        part: what to paint.
        radiance: linear RGB, shape (3, height, width); changed.
        light: how strongly the lamp lights the part.
        focus: where the lamp shines brightest, in pixels.
    """
    margin = part.width / 2 + 4
    height, width = radiance.shape[1:]
    left, top = (max(int(value), 0) for value in part.outline.min(axis=0) - margin)
    right, bottom = part.outline.max(axis=0) + margin
    right, bottom = min(int(right) + 1, width), min(int(bottom) + 1, height)
    if right - left < 2 or bottom - top < 2:
        return
    local = _moved(part, left, top)
    area = np.zeros((bottom - top, right - left), np.uint8)
    draw(local, area)
    surface = _surface(local, area, light, (focus[0] - left, focus[1] - top))
    alpha = blur(as_field(area), part.softness) * np.float32(part.opacity / 255)
    view = radiance[:, top:bottom, left:right]
    view += alpha * (surface - view)


def _moved(part: Part, left: float, top: float) -> Part:
    away = np.array([left, top])
    marks = tuple(Mark(mark.outline - away, mark.colour, mark.opacity) for mark in part.marks)
    return replace(part, outline=part.outline - away, marks=marks)


def _surface(part: Part, area: Image, light: float, focus: tuple[float, float]) -> Field:
    """Radiance of the part's surface, as if it filled the whole area."""
    albedo = np.broadcast_to(rgb(part.colour), (3, *area.shape))
    for mark in part.marks:
        ink = np.zeros_like(area)
        draw(Part(mark.outline, mark.colour, 1), ink)
        printed = blur(as_field(ink), 0.6) * np.float32(mark.opacity / 255)
        albedo = albedo + printed * (rgb(mark.colour) - albedo)
    slope_x, slope_y = _slopes(area, part)
    upright = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    toward = np.array([focus[0] - area.shape[1] / 2, focus[1] - area.shape[0] / 2])
    toward = toward / (np.linalg.norm(toward) + 1e-6) * 0.45
    along = -(slope_x * np.float32(toward[0]) + slope_y * np.float32(toward[1]))
    lit = np.clip((along + np.float32(0.9)) * upright, 0.05, None)
    mirror = power(np.clip((along * np.float32(0.6) + 1) * upright * np.float32(0.97), 0, 1), part.polish)
    shine = mirror * np.float32(part.gloss * light)
    return as_field(albedo * ((lit + np.float32(part.glow)) * np.float32(light)) + shine)


def _slopes(area: Image, part: Part) -> tuple[Field, Field]:
    """Slope of a surface that rises like a quarter circle from the outline to part.radius inside it."""
    padded = cv2.copyMakeBorder(area, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    inside = as_field(
        cv2.distanceTransform((padded > 127).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    )
    # OpenCV's last digit depends on where memory lies; the square of such a distance is a whole number.
    inside = np.sqrt(np.rint(inside * inside))
    t = np.clip(inside / np.float32(max(part.radius, 1.0)), 0, 1)
    relief = np.float32(part.radius) * np.sqrt(np.clip(1 - (1 - t) ** 2, 0, 1))
    # Not noise.blur: what it leaves of its coarse grid would show in the slopes.
    relief = as_field(cv2.GaussianBlur(relief, (0, 0), 1.0 + 0.06 * part.radius))
    slopes = (cv2.Sobel(relief, cv2.CV_32F, *order, ksize=3, scale=0.125) for order in ((1, 0), (0, 1)))
    slope_x, slope_y = (as_field(slope)[2:-2, 2:-2] for slope in slopes)
    return slope_x, slope_y
