"""A grid of small pictures with heads above the columns, names left of the rows and a line under each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from kvjob.report.figures.direct import text_width
from kvjob.report.figures.style import INK, MUTED, RULE, WIDTH, new_figure

TILE_PIXELS = 200
"""Side of a picture in the figure's files."""

_LARGEST, _GAP, _HEAD, _FOOT, _KEY = 1.3, 0.06, 0.3, 0.17, 0.28
"""Inches: side of a picture, room between two, for heads, for the line under a picture, for the key."""
_LINE, _SIDEWAYS = 0.12, 0.22
"""Inches of a second line of heads, and for names along the edge."""
_BOLD = 1.2
"""Width of bold text to that of plain text."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture, or the words that stand in its place."""

    picture: NDArray[np.uint8] | None
    """Shape (side, side, 3) RGB or (side, side) grey."""
    foot: str = ""
    """Line under the picture, or in place of it."""
    align: Literal["left", "right"] = "right"
    """At which edge of the picture the line is."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows under one set of heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Tile, ...]], ...]
    """Name and tiles of each row."""


def draw_tiles(
    blocks: Sequence[Block], key: Sequence[tuple[str, str]] = (), *, upright: bool = False
) -> Figure:
    """Draw blocks below each other.

    Args:
        blocks: all with the same number of columns or fewer.
        key: colours and what they mean, for a line at the bottom.
        upright: whether the names of the rows are written upright, not along the edge.
    """
    names = [name for block in blocks for name, _ in block.rows]
    left = max(map(text_width, names)) + 0.2 if upright else _SIDEWAYS
    columns = max(len(block.heads) for block in blocks)
    side = min(_LARGEST, (WIDTH - left) / columns - _GAP)
    foot = _FOOT if any(_has_foot(tile) for block in blocks for _, row in block.rows for tile in row) else 0.0
    step = side + foot + _GAP
    heads = [[_wrap(head, side) for head in block.heads] for block in blocks]
    room = _HEAD + (_LINE if any("\n" in head for line in heads for head in line) else 0.0)
    size = min(_head_size(line, side) for line in heads)
    height = sum(room + step * len(block.rows) for block in blocks) + (_KEY if key else 0.02)
    figure = new_figure(height)
    top = height
    for block, line in zip(blocks, heads, strict=True):
        for column, head in enumerate(line):
            place = (left + column * (side + _GAP)) / WIDTH, (top - room + 0.06) / height
            figure.text(*place, head, va="bottom", fontsize=size, color=INK, weight="bold")
        top -= room
        for name, tiles in block.rows:
            name_row(figure, name, (left, top - side / 2, side), upright=upright)
            for column, tile in enumerate(tiles):
                place_tile(figure, tile, (left + column * (side + _GAP), top - side, side))
            top -= step
    draw_key(figure, key, left)
    return figure


def shrink(picture: NDArray[np.uint8], side: int = TILE_PIXELS) -> NDArray[np.uint8]:
    """To the size of a tile, RGB; a mask stays black and white, with smooth edges."""
    image = Image.fromarray(picture)
    method = Image.Resampling.BICUBIC if image.width < side else Image.Resampling.BOX
    resized = np.asarray(image.resize((side, side), method))
    if picture.ndim == 2 and np.isin(picture, (0, 255)).all():
        resized = np.where(resized >= 128, np.uint8(255), np.uint8(0))
    return resized if resized.ndim == 3 else np.repeat(resized[..., None], 3, axis=2)


def _has_foot(tile: Tile) -> bool:
    return tile.picture is not None and bool(tile.foot)


def place_tile(
    figure: Figure, tile: Tile, place: tuple[float, float, float], *, pixels: int = TILE_PIXELS
) -> None:
    """Draw a picture at left, bottom and with the side of place, in inches, of so many pixels."""
    (x, y, side), height = place, figure.get_figheight()
    sheet = _sheet(figure)
    if tile.picture is None:
        sheet.add_patch(Rectangle((x, y), side, side, facecolor=RULE, edgecolor="none"))
        middle = x + side / 2, y + side / 2
        sheet.text(*middle, tile.foot, ha="center", va="center", color=MUTED, fontsize=6.5)
        return
    picture = shrink(tile.picture, pixels)
    sheet.imshow(picture, interpolation="none", aspect="auto", extent=(x, x + side, y, y + side))
    sheet.add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=RULE, linewidth=0.6))
    if tile.foot:
        edge = x if tile.align == "left" else x + side
        spot = edge / WIDTH, (y - 0.04) / height
        figure.text(*spot, tile.foot, ha=tile.align, va="top", fontsize=6.5, color=MUTED)


def _sheet(figure: Figure) -> Axes:
    """The figure's only axes, in inches from its lower left corner: one for each picture would take long."""
    if figure.axes:
        return figure.axes[0]
    sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, figure.get_figheight()))
    sheet.set_axis_off()
    return sheet


def name_row(
    figure: Figure, name: str, place: tuple[float, float, float], *, upright: bool, size: float = 6.0
) -> None:
    """Name a row left of place: its left edge, its middle and its side, in inches."""
    (left, middle, side), height = place, figure.get_figheight()
    if upright:
        figure.text((left - 0.1) / WIDTH, middle / height, name, ha="right", va="center", color=INK)
        return
    longest = int(side * 16)
    short = name if len(name) <= longest else f"{name[: longest - 1]}…"
    spot = (left - 0.06) / WIDTH, middle / height
    figure.text(*spot, short, ha="right", va="center", rotation=90, fontsize=size, color=MUTED)


def draw_key(figure: Figure, key: Sequence[tuple[str, str]], left: float) -> None:
    """Colours and what they mean, in a line at the bottom."""
    height = figure.get_figheight()
    x = min(left, _KEY)
    for colour, meaning in key:
        square = (x / WIDTH, 0.09 / height), 0.1 / WIDTH, 0.1 / height
        figure.add_artist(Rectangle(*square, facecolor=colour, edgecolor="none"))
        figure.text((x + 0.15) / WIDTH, 0.14 / height, meaning, va="center_baseline", fontsize=7, color=INK)
        x += 0.42 + text_width(meaning)


def _wrap(head: str, side: float) -> str:
    """A head on two lines where one does not hold it, broken at the space nearest to its middle."""
    spaces = [i for i, sign in enumerate(head) if sign == " "]
    if text_width(head) * _BOLD <= side or not spaces:
        return head
    middle = min(spaces, key=lambda i: abs(i - len(head) / 2))
    return f"{head[:middle]}\n{head[middle + 1 :]}"


def _head_size(heads: Sequence[str], side: float) -> float:
    """Font size at which every bold head is no wider than its column."""
    widest = max(text_width(line) for head in heads for line in head.split("\n")) * _BOLD
    return min(7.5, 7.5 * side / widest)
