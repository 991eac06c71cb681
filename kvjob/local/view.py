"""What a study looks like while it runs, and the thread that draws it."""

import os
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from kvjob.local.board import Board
from kvjob.local.row import Row

DRAW_SECONDS = 1.0
"""Time between two pictures; the clock in them shows seconds, and one of 60 runs costs some 20 ms of a core
that the trainers could use."""

CLOSE_SECONDS = 10.0
"""How long the end of a study waits for a terminal that takes nothing."""


class View(Protocol):
    """Draws boards. All three methods are called on one thread and may take as long as they like."""

    def open(self, board: Board) -> None:
        """Show the board before the first run starts."""

    def draw(self, board: Board, changed: Sequence[Row]) -> None:
        """Show the board; changed are rows since the last call, oldest first, one per state and epoch."""

    def close(self, board: Board) -> None:
        """Show the board as it stays."""


class Painter:
    """Feeds a view on a thread of its own.

    A terminal can stop taking output at any time (Ctrl-S, a pager, a dropped connection). The thread
    that listens to the trainers must not wait for it: their pipes would fill and they would stand still.
    """

    def __init__(self, view: View, board: Callable[[], Board]) -> None:
        self._view, self._board = view, board
        self._changed: dict[tuple[object, ...], Row] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._paint, name="view", daemon=True)
        self._error: BaseException | None = None

    def show(self, row: Row) -> None:
        """Have row drawn soon; returns at once."""
        # Later steps of an epoch replace earlier ones, so that what waits for a stuck terminal stays small.
        with self._lock:
            self._changed[row.run.key, row.attempts, row.state, row.epoch] = row

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)
        if self._error is not None and error is None:
            raise self._error

    def _paint(self) -> None:
        try:
            self._view.open(self._board())
            while not self._closing.wait(DRAW_SECONDS):
                self._view.draw(self._board(), self._take())
            self._view.draw(self._board(), self._take())
            self._view.close(self._board())
        except OSError:
            # The reader has gone (`| head`, a closed terminal); the study goes on unseen.
            return
        except BaseException as error:
            # Raised again by the thread that closes.
            self._error = error

    def _take(self) -> list[Row]:
        with self._lock:
            changed, self._changed = list(self._changed.values()), {}
        return changed


def is_live(stream: object) -> bool:
    """Whether stream is a terminal that can redraw lines and show the table's signs."""
    encoding = str(getattr(stream, "encoding", "") or "").lower().replace("-", "")
    return (
        bool(getattr(stream, "isatty", lambda: False)())
        and os.environ.get("TERM", "") not in ("", "dumb", "unknown")
        and "NO_COLOR" not in os.environ
        and encoding.startswith("utf")
    )
