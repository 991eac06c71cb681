"""Qualitative results: each level's best, median and worst test image, and those on which levels disagree."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kvjob.errors import DataError
from kvjob.report.figures.cases import PLACES, Gallery, Shown, disputed, typical
from kvjob.report.figures.overlay import KEY
from kvjob.report.figures.style import INK, MUTED, WIDTH, new_figure, shorten
from kvjob.report.figures.tiles import Block, Tile, draw_key, draw_tiles, name_row, place_tile

_PIXELS = 160
"""Side of a picture in the figure's files: 200 to the inch."""
_BETWEEN, _SIDEWAYS, _GAP = 0.24, 0.2, 0.05
"""Inches between two levels, for names along the edge, between two pictures."""
_HEAD, _FOOT, _AFTER, _KEY = 0.42, 0.15, 0.12, 0.28
"""Inches above a level's pictures, under each row, under a level, for the key."""
_HEADS = ("Image", "Mask", "Prediction", "Overlay")


def draw_extremes(gallery: Gallery) -> Figure | None:
    """A panel per level, two beside each other: best, median and worst with mask, prediction and overlay.

    None if no level can be shown.
    """
    levels = gallery.levels
    if not levels:
        return None
    width = (WIDTH - _BETWEEN) / 2
    side = (width - _SIDEWAYS - _GAP * len(_HEADS)) / len(_HEADS)
    panel = _HEAD + len(PLACES) * (side + _FOOT) + _AFTER
    height = panel * -(-len(levels) // 2) + _KEY
    figure = new_figure(height)
    for position, shown in enumerate(levels):
        left = (position % 2) * (width + _BETWEEN)
        top = height - panel * (position // 2)
        _head(figure, shown, left, top, side)
        for row, (place, name) in enumerate(zip(PLACES, typical(shown), strict=True)):
            under = top - _HEAD - row * (side + _FOOT) - side
            name_row(figure, place, (left + _SIDEWAYS, under + side / 2, side), upright=False, size=6.5)
            for column, tile in enumerate(_row(gallery, shown, name)):
                x = left + _SIDEWAYS + column * (side + _GAP)
                place_tile(figure, tile, (x, under, side), pixels=_PIXELS)
    draw_key(figure, KEY, _SIDEWAYS)
    return figure


def draw_disputed(gallery: Gallery) -> Figure | None:
    """A row per image on which the levels' IoU differ most: image, mask, and each level's overlay.

    None if fewer than two levels can be shown.
    """
    levels = gallery.levels
    if len(levels) < 2:
        return None
    rows = []
    for name in disputed(levels):
        try:
            cases = [gallery.case(shown, name) for shown in levels]
        except DataError:
            rows.append((name, (Tile(None, "unreadable"),) * (2 + len(levels))))
            continue
        overlays = (Tile(each.overlay, f"IoU {each.iou:.2f}") for each in cases)
        rows.append((name, (Tile(cases[0].image), Tile(cases[0].mask), *overlays)))
    heads = ("Image", "Mask", *(shown.look.label for shown in levels))
    return draw_tiles([Block(heads, tuple(rows))], KEY)


def _row(gallery: Gallery, shown: Shown, name: str) -> tuple[Tile, ...]:
    try:
        found = gallery.case(shown, name)
    except DataError:
        return (Tile(None, "unreadable"),) * len(_HEADS)
    return (
        Tile(found.image, shorten(name), align="left"),
        Tile(found.mask),
        Tile(found.prediction),
        Tile(found.overlay, f"IoU {found.iou:.2f}"),
    )


def _head(figure: Figure, shown: Shown, left: float, top: float, side: float) -> None:
    """The level with its colour, seed and mean, and what the columns are."""
    height = figure.get_figheight()
    y = (top - 0.12) / height
    square = (left + _SIDEWAYS) / WIDTH, (top - 0.165) / height
    figure.add_artist(
        Rectangle(square, 0.1 / WIDTH, 0.1 / height, facecolor=shown.look.colour, edgecolor="none")
    )
    label = figure.text(
        (left + _SIDEWAYS + 0.15) / WIDTH, y, shown.look.label, va="center_baseline", weight="bold", color=INK
    )
    right = label.get_window_extent().x1 / figure.dpi
    words = f"seed {shown.run.seed}, mean IoU {shown.mean:.3f}"
    figure.text((right + 0.09) / WIDTH, y, words, va="center_baseline", fontsize=6.5, color=MUTED)
    for column, head in enumerate(_HEADS):
        x = left + _SIDEWAYS + column * (side + _GAP)
        figure.text(x / WIDTH, (top - _HEAD + 0.05) / height, head, va="bottom", fontsize=6.5, color=INK)
