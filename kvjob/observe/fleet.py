"""What the cluster that trains the runs says of them.

It is known here by this Protocol alone: whoever composes an exporter brings the function that looks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Fleet(Protocol):
    """A cluster at one moment."""

    @property
    def waiting(self) -> Mapping[tuple[str, str], int]:
        """Number of runs that wait, by study and reason in a few words."""

    @property
    def gpus(self) -> Mapping[str, float]:
        """GPUs by `allocatable`, `requested` and `bound`, as far as it may be seen."""

    @property
    def trouble(self) -> str:
        """What could not be seen and why; empty if all could."""


FleetLook = Callable[[Sequence[str]], Fleet]
"""Looks once, for the studies of these names, and raises nothing."""
