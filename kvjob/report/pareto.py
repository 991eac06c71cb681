"""Levels that no other level beats: nobody has more test IoU at no more cost."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Axis = Literal["hours_per_run", "parameters", "images_per_second"]
"""What IoU is set against: device-hours of a run, parameters (fewer are better), training speed (more is)."""

AXES: tuple[Axis, ...] = get_args(Axis)
MORE_IS_BETTER: frozenset[Axis] = frozenset({"images_per_second"})


def front(scores: Sequence[float | None], values: Sequence[float | None], axis: Axis) -> NDArray[np.bool_]:
    """Which points are on the Pareto front: none is at least as good in both, and better in one.

    Equal points are on it together. A point without a score or a value is neither on it nor in its way.

    Args:
        scores: the more the better, shape (n,).
        values: on the axis, which says whether less or more of them is better; shape (n,).
        axis: one of AXES.
    """
    score, price = (np.array(each, dtype=np.float64) for each in (scores, values))
    if axis in MORE_IS_BETTER:
        price = -price
    known: NDArray[np.bool_] = np.isfinite(score) & np.isfinite(price)
    as_good = (score[None] >= score[:, None]) & (price[None] <= price[:, None])
    better = (score[None] > score[:, None]) | (price[None] < price[:, None])
    known[(as_good & better & known).any(axis=1)] = False
    return known
