"""Ctrl-C and its kin, turned into a wish that a loop looks at."""

import signal
import time
from types import FrameType, TracebackType
from typing import Self

from kvjob.local.board import Stopping

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SAME_PRESS_SECONDS = 0.5
"""A wrapper such as `make` or `uv run` may pass on a SIGINT that the terminal has sent to us as well."""


class StopWish:
    """While entered, signals to stop are noted in `wish` and do nothing else. For the main thread."""

    def __init__(self) -> None:
        self.wish: Stopping = ""
        self._pressed: float | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            # What is ignored stays ignored: `nohup` asks for that.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, _frame: FrameType | None) -> None:
        # Only a second Ctrl-C kills: `make` sends SIGTERM after the terminal's SIGINT, and means the same.
        if number == signal.SIGINT:
            now = time.monotonic()
            if self._pressed is None:
                self._pressed = now
            elif now - self._pressed > SAME_PRESS_SECONDS:
                self.wish = "killing"
        self.wish = self.wish or "saving"
