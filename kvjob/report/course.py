"""A run's course: its loss and scores after every epoch, as arrays."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kvjob.records.run import EpochRow
from kvjob.study.scores import SCORES

Phase = Literal["train", "validation"]

PHASES: tuple[Phase, ...] = ("train", "validation")
MEASURES = ("loss", *SCORES)


class Course:
    """Loss and scores (mean over images) of a run's epochs, in order.

    A report keeps those of all its runs at once, and the rows of a history take a hundred times the memory.
    """

    __slots__ = ("_values",)

    def __init__(self, rows: Sequence[EpochRow] = ()) -> None:
        self._values = np.array(
            [[_values(row, phase) for phase in PHASES] for row in rows], dtype=np.float64
        ).reshape(len(rows), len(PHASES), len(MEASURES))

    def __len__(self) -> int:
        """Number of epochs."""
        return len(self._values)

    def series(self, measure: str, phase: Phase) -> NDArray[np.float64]:
        """One value per epoch of a measure of MEASURES, in one of PHASES."""
        return self._values[:, PHASES.index(phase), MEASURES.index(measure)]


def _values(row: EpochRow, phase: Phase) -> list[float]:
    scores = row.train if phase == "train" else row.validation
    return [scores.loss, *(getattr(scores.mean_over_images, name) for name in SCORES)]
