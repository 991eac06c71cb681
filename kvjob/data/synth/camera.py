"""From light to pixels: exposure, blur, colour errors, sharpening and noise of a video endoscope."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.data.image import Image
from kvjob.data.synth.noise import Field, Random, as_field, blur, power, rgb

GRAIN_SIDE = 2048


def expose(random: Random, radiance: Field) -> Image:
    """Take a picture.

    Args:
        random: source of all chance.
        radiance: linear RGB, shape (3, height, width); 1 is about saturation.

    Returns:
        Pixels as a screen wants them, RGB, shape (height, width, 3).
    """
    gain = random.normal(1, 0.04, 3) * random.uniform(0.85, 1.6)
    picture = _move(random, as_field(cv2.merge(list(radiance * rgb(gain)))))
    picture = _bloom(picture)
    toned = 1 - as_field(cv2.exp(np.maximum(picture, 0) * np.float32(-1.35)))
    toned = power(toned, 1 / random.uniform(1.7, 2.1))
    if random.random() < 0.85:
        toned += np.float32(random.uniform(0.6, 3.0)) * (toned - blur(as_field(toned), 1.2))
    return np.asarray(np.clip(toned * 255, 0, 255), np.uint8)


def add_grain(random: Random, picture: Image) -> None:
    """Add the sensor's noise to pixels of native size, in place."""
    height, width = picture.shape[:2]
    top, left = random.integers(0, GRAIN_SIDE - height), random.integers(0, GRAIN_SIDE - width)
    grain = _grain()[top : top + height, left : left + width]
    strength = random.uniform(0.15, 0.6)
    cv2.add(
        picture, cv2.merge([np.asarray(grain * np.float32(strength), np.int8)] * 3), picture, dtype=cv2.CV_8U
    )


@cache
def _grain() -> NDArray[np.float32]:
    """Noise that every picture takes a piece of; drawing it anew would cost more than the scene."""
    white = np.random.default_rng(20211).standard_normal((GRAIN_SIDE, GRAIN_SIDE), np.float32)
    return as_field(cv2.GaussianBlur(white, (0, 0), 0.8) * 12)


def _bloom(picture: Field) -> Field:
    """Light that spills from where the sensor saturates."""
    return picture + np.float32(0.35) * blur(np.maximum(picture - 1, 0), 8)


def _move(random: Random, picture: Field) -> Field:
    """Blur of a moving or unfocused camera, and colours taken one after the other while it moves."""
    draw = random.random()
    if draw < 0.16:
        picture = _smear(picture, random.uniform(0, np.pi), int(random.integers(3, 13)))
    elif draw < 0.30:
        picture = blur(picture, random.uniform(0.8, 2.2))
    if random.random() < 0.3:
        shift = random.normal(0, 1.3, 2)
        for channel, sign in ((0, 1), (2, -1)):
            matrix = np.array([[1, 0, shift[0] * sign], [0, 1, shift[1] * sign]])
            moved = cv2.warpAffine(
                picture[..., channel], matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE
            )
            picture[..., channel] = moved
    return picture


def _smear(picture: Field, direction: float, length: int) -> Field:
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    step_x, step_y = np.cos(direction) * middle, np.sin(direction) * middle
    ends = [
        (round(middle - step_x), round(middle - step_y)),
        (round(middle + step_x), round(middle + step_y)),
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return as_field(cv2.filter2D(picture, -1, kernel / kernel.sum()))
