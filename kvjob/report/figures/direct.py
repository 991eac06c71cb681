"""Direct labels: names beside the lines they belong to, moved apart until none covers another."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from kvjob.report.figures.fonts import FAMILY
from kvjob.report.figures.style import INK, MUTED, Look

_GAP_POINTS = 10.5
"""Distance of two labels' middles: one line of text."""
_LEADER, _SWATCH, _SPACE = 0.1, 0.24, 0.04
"""Inches right of the axes: the leader's bend, the piece of line, the space before the name."""
_FONT = FontProperties(family=FAMILY, size=7.5)


@lru_cache(maxsize=4096)
def text_width(text: str) -> float:
    """Inches that a line of text takes in a figure."""
    return float(TextPath((0, 0), text, prop=_FONT).get_extents().width) / 72 if text.strip() else 0.0


def label_margin(names: Sequence[str]) -> float:
    """Inches that label_ends needs right of the axes."""
    return max(map(text_width, names), default=0.0) + _LEADER + _SWATCH + 2 * _SPACE + 0.03


def label_ends(axes: Axes, ends: Sequence[tuple[str, Look, tuple[float, float]]]) -> None:
    """Name each line in the margin right of axes, with a thin leader from its end.

    Args:
        axes: with final limits and scale.
        ends: name, look, and last point of each line in data coordinates.
    """
    if not ends:
        return
    box = axes.get_window_extent()
    height_points = box.height * 72 / axes.figure.dpi
    to_axes = axes.transData + axes.transAxes.inverted()
    points = to_axes.transform([point for _, _, point in ends])
    heights = spread(points[:, 1], _GAP_POINTS / height_points)
    inch = axes.figure.dpi / box.width
    bend, end = 1 + _LEADER * inch, 1 + (_LEADER + _SWATCH) * inch
    free: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for (name, look, _), (x, y), height in zip(ends, points, heights, strict=True):
        axes.plot([x + 0.012, 1.0, bend], [y, y, height], color=MUTED, linewidth=0.4, alpha=0.55, **free)
        line: dict[str, Any] = {"color": look.colour, "linestyle": look.dashes, "linewidth": look.width}
        axes.plot([bend, end], [height, height], **line, **free)
        axes.text(
            end + _SPACE * inch, height, name, va="center_baseline", color=INK, fontproperties=_FONT, **free
        )


def spread(wanted: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Positions in the order of wanted, at least gap apart, as near to wanted as that allows.

    Labels that would overlap form a block, which is centred on what its members want (pool adjacent
    violators). All stay between 0 and 1 if there is room for them.
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []
    for position in wanted[order]:
        blocks.append([float(position)])
        while len(blocks) > 1 and _start(blocks[-1], gap) < _start(blocks[-2], gap) + gap * len(blocks[-2]):
            last = blocks.pop()
            blocks[-1] += last
    placed = np.concatenate([_start(block, gap) + gap * np.arange(len(block)) for block in blocks])
    result = np.empty_like(placed)
    result[order] = placed
    return result


def _start(block: list[float], gap: float) -> float:
    length = gap * (len(block) - 1)
    return max(0.0, min(float(np.mean(block)) - length / 2, 1 - length))
