"""The picture's frame: its size, the part that shows the body, and what the video processor writes on it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.data.image import Image
from kvjob.data.synth.noise import Random

SIZES = ((720, 576), (768, 576), (854, 658), (1024, 768), (1070, 1024), (1225, 966), (1280, 1024))
"""Widths and heights in pixels, as they occur in Kvasir-Instrument or lie between."""


@dataclass(frozen=True)
class Frame:
    """Geometry of one picture, in native pixels."""

    width: int
    height: int
    kind: str
    """`octagon` with a panel of text, `window` (octagon that fills the picture), `circle` or `full`."""
    left: float
    top: float
    right: float
    bottom: float
    cut: float
    """How much the corners are cut, in pixels."""
    border: tuple[int, int, int]
    """Colour outside the visible part, RGB."""

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the visible part."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def diameter(self) -> float:
        """Mean side of the visible part; everything in a scene is measured by it."""
        return (self.right - self.left + self.bottom - self.top) / 2

    def visible(self) -> Image:
        """255 where the body is seen, shape (height, width)."""
        area = np.zeros((self.height, self.width), np.uint8)
        if self.kind == "circle":
            centre = tuple(round(value) for value in self.centre)
            cv2.circle(area, centre, round((self.right - self.left) / 2), 255, -1)
        else:
            cv2.fillPoly(area, [np.round(self.outline()).astype(np.int32)], 255)
        return area

    def outline(self) -> NDArray[np.float64]:
        """Corners of the visible part, shape (n, 2)."""
        a, b, c, d, cut = self.left, self.top, self.right, self.bottom, self.cut
        corners = [(a + cut, b), (c - cut, b), (c, b + cut), (c, d - cut)]
        return np.array([*corners, (c - cut, d), (a + cut, d), (a, d - cut), (a, b + cut)])


def draw_frame(random: Random) -> Frame:
    """A frame as one of several makes of endoscope would give it."""
    width, height = SIZES[random.integers(len(SIZES))]
    kind = str(random.choice(["octagon", "window", "circle", "full"], p=[0.55, 0.15, 0.18, 0.12]))
    dark = int(random.integers(0, 9))
    border = (dark, dark, dark)
    if kind == "octagon":
        right = width * random.uniform(0.92, 0.985)
        left = right - min(width * random.uniform(0.76, 0.84), height * 1.06)
        top, bottom = height * random.uniform(0.02, 0.05), height * random.uniform(0.95, 0.98)
        return Frame(
            width, height, kind, left, top, right, bottom, height * random.uniform(0.10, 0.17), border
        )
    if kind == "window":
        inset = height * random.uniform(0.0, 0.03)
        cut = height * random.uniform(0.06, 0.14)
        return Frame(width, height, kind, inset, inset, width - inset, height - inset, cut, border)
    if kind == "circle":
        grey = int(random.choice([dark, 24, 34]))
        left, right = width * random.uniform(0, 0.02), width * random.uniform(0.98, 1.0)
        return Frame(width, height, kind, left, 0, right, height, 0, (grey, grey, grey + grey // 12))
    return Frame(width, height, kind, 0, 0, width, height, height * random.uniform(0, 0.04), border)


def write_overlay(random: Random, frame: Frame, picture: Image, mask: Image) -> None:
    """Draw text, and sometimes the little map of the scope's loops, over picture (RGB) and out of mask."""
    scale = frame.height / 576
    if frame.kind == "octagon" or random.random() < 0.15:
        _panel(random, frame, picture, scale)
    if frame.kind in ("octagon", "window") and random.random() < 0.25:
        _loop_map(random, frame, picture, mask)
    if frame.kind == "circle" and random.random() < 0.6:
        where = (int(frame.width * 0.93), int(frame.height * 0.95))
        _write(picture, str(random.choice(["i-scan 3", "i-scan 1", "TE-v", "OE 1"])), where, 0.75 * scale)


def _panel(random: Random, frame: Frame, picture: Image, scale: float) -> None:
    day, month, year = random.integers(1, 29), random.integers(1, 13), random.integers(2008, 2015)
    clock = "{:02}:{:02}:{:02}".format(*random.integers(0, (24, 60, 60)))
    lines = [
        (0.09, str(random.choice(["S", "\\88888888", "e3\\ ///////", "*****", ""]))),
        (0.19, f"{day:02}/{month:02}/{year}"),
        (0.225, clock if random.random() < 0.5 else f"<{clock}>"),
        (0.26, f"CVP:{random.integers(1, 16)}"),
        (0.295, f"G:N    E:A{random.integers(1, 8)}"),
        (0.86, str(random.choice(["8", "", "", "Ph:1"]))),
    ]
    left = int(frame.width * random.uniform(0.02, 0.07))
    for height, line in lines:
        _write(picture, line, (left, int(height * frame.height)), scale * 0.9)


def _write(picture: Image, text: str, where: tuple[int, int], scale: float) -> None:
    thickness = max(1, round(scale))
    cv2.putText(picture, text, where, cv2.FONT_HERSHEY_PLAIN, scale, (225, 228, 225), thickness, cv2.LINE_8)


def _loop_map(random: Random, frame: Frame, picture: Image, mask: Image) -> None:
    """The green box at the lower left that shows how the scope lies in the body."""
    side = int(frame.height * random.uniform(0.24, 0.32))
    top, right = frame.height - side - int(frame.height * random.uniform(0, 0.05)), int(side * 1.3)
    rim = max(2, frame.height // 100)
    picture[top - rim : top + side + rim, : right + rim] = 3
    mask[top - rim : top + side + rim, : right + rim] = 0
    green = np.array([random.integers(0, 40), random.integers(150, 190), random.integers(110, 160)], np.uint8)
    picture[top : top + side, rim:right] = green
    cv2.line(picture, (right // 2, top), (right // 2, top + side), (60, 110, 90), 1)
    steps = random.normal(0, side * 0.045, (24, 2))
    points = np.cumsum(steps, axis=0) + np.array([right * 0.3, top + side * 0.55])
    clipped = np.clip(points, (rim + 4, top + 4), (right - 4, top + side - 4)).astype(np.int32)
    cv2.polylines(picture, [clipped], False, (205, 215, 205), max(2, side // 45), cv2.LINE_AA)
    for x in (0.2, 0.45, 0.72, 0.9):
        cv2.putText(
            picture,
            "*",
            (int(right * x), top + side - 6),
            cv2.FONT_HERSHEY_PLAIN,
            side / 150,
            (40, 60, 70),
            2,
        )
