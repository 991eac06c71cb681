"""The page: a grid of frames with titles, as Grafana's dark theme has it."""

from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from scripts.observe.drawing.fields import COLORS
from scripts.observe.grafana import GRID, Panel, Place

WIDE, CELL, GAP, MARGIN, HEAD = 1680, 30, 8, 16, 84
"""Pixels: of the page, of a row of the grid, between panels, around them, and of the head."""
PAGE, FRAME, EDGE, DIM = "#111217", "#181B1F", "#25272C", "#9A9AA8"
FONT = "DejaVu Sans"


class Page:
    """A picture of that many rows of the grid; coordinates are pixels from the upper left corner."""

    def __init__(self, rows: int) -> None:
        self.high = HEAD + rows * (CELL + GAP) + MARGIN
        self._figure = Figure(figsize=(WIDE / 100, self.high / 100), dpi=100, facecolor=PAGE)
        self.canvas = self._axes(0, 0, WIDE, self.high)
        self.canvas.set_xlim(0, WIDE)
        self.canvas.set_ylim(self.high, 0)
        self.canvas.axis("off")

    def head(self, title: str, chosen: dict[str, str], times: str) -> None:
        """Title, variables and time range."""
        self.text(MARGIN, 24, title, size=15, weight="bold")
        self.text(WIDE - MARGIN, 24, times, size=10, color=DIM, align="right")
        x = float(MARGIN)
        for name, value in chosen.items():
            name_wide, value_wide = 7.2 * len(name) + 16, 7.2 * len(value) + 20
            self._box(x, 45, name_wide, 26, EDGE, EDGE)
            self._box(x + name_wide, 45, value_wide, 26, FRAME, EDGE)
            self.text(x + 8, 58, name, size=9, color="#6E9FFF")
            self.text(x + name_wide + 10, 58, value, size=9)
            x += name_wide + value_wide + 12

    def frame(self, panel: Panel) -> tuple[float, float, float, float]:
        """Draw a panel's frame and title; the place for its inside: x, y, width, height."""
        x, y, wide, high = self._pixels(panel.place)
        if panel.kind == "row":
            self.text(x + 4, y + high / 2, f"⌄  {panel.title}", size=11.5, weight="bold")
            return x, y, wide, high
        self._box(x, y, wide, high, FRAME, EDGE)
        self.text(x + 10, y + 16, fitting(panel.title, wide - 40, 10), size=10, weight="bold")
        if panel.definition.get("description"):
            self.text(x + wide - 14, y + 16, "i", size=8, color=DIM, align="center")
            self.canvas.plot(x + wide - 14, y + 16, "o", markersize=9, fillstyle="none", color=DIM, mew=0.8)
        return x + 10, y + 32, wide - 20, high - 40

    def plot(self, x: float, y: float, wide: float, high: float) -> Axes:
        """Axes for lines."""
        axes = self._axes(x, y, wide, high)
        axes.set_facecolor(FRAME)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(colors=DIM, labelsize=8, length=0)
        axes.grid(color="#2C2E33", linewidth=0.7)
        axes.set_axisbelow(True)
        return axes

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 9,
        color: str = COLORS["text"],
        align: str = "left",
        weight: str = "normal",
    ) -> None:
        """Words, their middle at that height."""
        self.canvas.text(
            x, y, words, ha=align, va="center", size=size, color=color, weight=weight, family=FONT
        )

    def bar(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        """A filled rectangle."""
        self._box(x, y, wide, high, color, color)

    def line(self, x: float, y: float, wide: float, color: str = EDGE) -> None:
        """A horizontal line."""
        self.canvas.plot([x, x + wide], [y, y], color=color, linewidth=0.8)

    def save(self, path: Path) -> None:
        """Write a PNG of 256 colours, which is all that there is in it."""
        drawn = BytesIO()
        self._figure.savefig(drawn, facecolor=PAGE)
        image = Image.open(drawn).convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
        image.save(path, optimize=True)

    def _pixels(self, place: Place) -> tuple[float, float, float, float]:
        column = (WIDE - 2 * MARGIN + GAP) / GRID
        x, y = MARGIN + place.x * column, HEAD + place.y * (CELL + GAP)
        return x, y, place.w * column - GAP, place.h * (CELL + GAP) - GAP

    def _axes(self, x: float, y: float, wide: float, high: float) -> Axes:
        box = (x / WIDE, 1 - (y + high) / self.high, wide / WIDE, high / self.high)
        return self._figure.add_axes(box)

    def _box(self, x: float, y: float, wide: float, high: float, color: str, edge: str) -> None:
        style = "round,pad=0,rounding_size=2"
        self.canvas.add_patch(
            FancyBboxPatch((x, y), wide, high, boxstyle=style, facecolor=color, edgecolor=edge, linewidth=0.8)
        )


def fitting(text: str, wide: float, size: float) -> str:
    """The text, cut where it is wider than so many pixels at that size of letters."""
    most = max(3, int(wide / (size * 0.82)))
    return text if len(text) <= most else text[: most - 1] + "…"
