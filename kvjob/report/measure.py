"""A quantity over seeds, and the unit that differences of scores are shown in."""

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict

POINTS = 100
"""Points (percentage points) in a score of 1: data hold scores from 0 to 1, readers see their differences
in points."""


class Measure(BaseModel):
    """A quantity over seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mean: float
    std: float | None
    """Sample standard deviation over seeds; None for a single seed."""
    n: int
    """Number of seeds."""


def measure(values: Iterable[float | None]) -> Measure | None:
    """Mean and spread of one value per seed; seeds that have none are left out, and None is left of none."""
    numbers = np.array([value for value in values if value is not None], dtype=np.float64)
    if not numbers.size:
        return None
    std = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    return Measure(mean=float(numbers.mean()), std=std, n=numbers.size)
