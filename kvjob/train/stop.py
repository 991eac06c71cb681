"""Being asked to stop."""

import signal
from types import FrameType

from kvjob.errors import Interrupted


class StopRequest:
    """Notes SIGTERM and SIGINT, so that a run ends between two steps with its state saved."""

    def __init__(self) -> None:
        self._signal: signal.Signals | None = None

    def listen(self) -> None:
        """Begin to note signals; must be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self._signal is not None

    def check(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self._signal is not None:
            raise Interrupted(
                f"stopped by {self._signal.name} with its state saved",
                where="run",
                fix="Run the same command again; it goes on after the last complete epoch",
            )

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)
