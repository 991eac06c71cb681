"""What the place that trains a study's runs says of them, where that is not this machine.

The place is known here by these Protocols alone; whoever composes a status brings the function that looks.
"""

from collections.abc import Callable, Mapping
from typing import Protocol


class PlaceFact(Protocol):
    """Where the place stands with one run."""

    @property
    def phase(self) -> str:
        """`waiting`, `starting`, `running`, `retrying`, `done`, or `failed`: nothing more is done for it."""

    @property
    def why(self) -> str:
        """What it waits for, or why it failed, in a few words; empty if there is nothing to say."""

    @property
    def detail(self) -> str:
        """The same at length, on one line."""

    @property
    def node(self) -> str:
        """Machine that it was given to, empty if none."""


class PlaceLook(Protocol):
    """What the place does for a study at one moment."""

    @property
    def runs(self) -> Mapping[str, PlaceFact]:
        """By run key; a run that the place knows nothing of is absent."""

    @property
    def note(self) -> str:
        """What holds the study as a whole, or why the place could not be looked at."""

    @property
    def active(self) -> bool:
        """Whether the place is at work on the study, so that more may come."""


Look = Callable[[], PlaceLook]
"""Looks once, and raises nothing."""
