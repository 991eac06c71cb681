"""A small DejaVu Sans: a PDF holds the letters it uses, and picking them from the whole font takes long.

The letters of Western languages and the signs of figures are taken from the font that comes with matplotlib,
once in a process; any other letter is still found in the whole one.
"""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from fontTools import subset
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager

FAMILY = ("Report DejaVu Sans", "DejaVu Sans")
"""Where letters are looked for, in this order."""

_LETTERS = (*range(0x20, 0x250), *range(0x370, 0x400), *range(0x2000, 0x2070), *range(0x2190, 0x2200), 0x2212)
_FACES: tuple[tuple[Literal["normal", "oblique"], int], ...] = (
    ("normal", 400),
    ("normal", 700),
    ("oblique", 400),
    ("oblique", 700),
)
"""Style and weight."""


@cache
def small_fonts() -> None:
    """Make matplotlib know the first of FAMILY."""
    folder = Path(mkdtemp(prefix="kvjob-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    options = subset.Options(layout_features=["kern"], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # of the font's editor; it would be dropped with a warning
    for style, weight in _FACES:
        whole = findfont(FontProperties(family=FAMILY[1], style=style, weight=weight))
        font = subset.load_font(whole, options)
        letters = subset.Subsetter(options)
        letters.populate(unicodes=_LETTERS)
        letters.subset(font)
        path = folder / Path(whole).name
        font.save(path)
        entry = FontEntry(
            fname=str(path), name=FAMILY[0], style=style, variant="normal", weight=weight,
            stretch="normal", size="scalable",
        )  # fmt: skip
        fontManager.ttflist.append(entry)
