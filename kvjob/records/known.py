"""Which data set a study ran on, as far as names and numbers of images tell."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

OFFICIAL_SPLIT = {"train": 472, "test": 118}
"""Images of Kvasir-Instrument."""

_SYNTHETIC = re.compile(r"scene\d{5,}")
"""Names that `kvjob data synth` gives."""


def known_data(names: Iterable[str], counts: Mapping[str, int]) -> Literal["kvasir", "synthetic"] | None:
    """`kvasir` by its official split under names that were not made up; None if it is neither.

    That the images are Kvasir-Instrument's, nobody but the user knows.

    Args:
        names: of some of its images, or all.
        counts: number of images in `train` and `test`.
    """
    given = [str(name) for name in names]
    if given and all(_SYNTHETIC.fullmatch(name) for name in given):
        return "synthetic"
    return "kvasir" if counts == OFFICIAL_SPLIT else None
