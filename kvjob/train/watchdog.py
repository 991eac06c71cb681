"""Ends a trainer that stands still, and keeps what shows where."""

import faulthandler
import os
import signal
import statistics
import sys
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from kvjob.errors import ExitCode, KvjobError
from kvjob.records.live import Live
from kvjob.train.stacks import stacks

HANG_SECONDS = 600.0
"""Least silence that counts as a hang, unless `kvjob train --hang-seconds` says otherwise."""

STEPS = 50
"""Silence is a hang only if it is also longer than so many steps take."""

UNPACED = 3
"""Times that silence where no step tells the pace: loading, the first step (cuDNN tries its algorithms,
kernels are compiled), the last checkpoint, testing."""

LOOK_SECONDS = 1.0
"""Time between two looks."""

RECORD_SECONDS = 30.0
"""Longest time for the attempt's record: the store may be what hangs."""

ALARM_SECONDS = 60.0
"""How much later the kernel ends a process whose watchdog cannot: native code holds Python's lock."""

STDERR = 2
"""File descriptor; what stands for standard error in Python may have none."""


class Hang(KvjobError):  # noqa: N818  (an event, not a defect)
    """No step for so long that none is to be expected."""

    exit_code = ExitCode.INTERRUPTED
    stacks = ""


class _Mark(NamedTuple):
    """How far a run is at one look."""

    phase: str
    step: int
    progressed: float
    alive: float

    @classmethod
    def of(cls, live: Live) -> Self:
        return cls(live.phase, live.step, live.progressed, live.alive)


class Watchdog:
    """A thread that looks once a second whether the run moves; as a context manager, around all of it.

    It counts looks rather than time: a process that was paused, or a machine that slept, did not hang. When
    silence lasts too long it writes the stacks of all threads to standard error, has the attempt recorded
    and ends the process with the exit code of a retry, without leave of the thread that is stuck. SIGALRM is
    its own.

    Args:
        live: shows how far the run is.
        seconds: least silence that is a hang; 0 for no watchdog.
    """

    def __init__(self, live: Live, seconds: float = HANG_SECONDS) -> None:
        self._live, self._seconds = live, seconds
        self.record: Callable[[Hang], None] = lambda _: None
        """Closes the attempt, once there is one."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._paces: deque[float] = deque(maxlen=101)
        self._stepped = False

    def __enter__(self) -> Self:
        if self._seconds:
            # in C and without Python's lock: the stacks are written, then the signal ends the process
            faulthandler.register(signal.SIGALRM, file=STDERR, all_threads=True, chain=True)
            self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        if self._seconds:
            self._over.set()
            self._thread.join()
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.unregister(signal.SIGALRM)

    def _watch(self) -> None:
        silent, before = 0.0, _Mark.of(self._live)
        while not self._over.wait(LOOK_SECONDS):
            now = _Mark.of(self._live)
            silent = 0.0 if now != before else silent + LOOK_SECONDS
            self._note(before, now)
            before, limit = now, self._limit()
            signal.setitimer(signal.ITIMER_REAL, limit + ALARM_SECONDS)
            if silent >= limit:
                self._end(silent)

    def _note(self, before: _Mark, now: _Mark) -> None:
        """Learn the pace from two looks into the same epoch."""
        if now.phase == "training" and now.step:
            self._stepped = True
            if before.phase == "training" and 0 < before.step < now.step:
                self._paces.append((now.progressed - before.progressed) / (now.step - before.step))

    def _limit(self) -> float:
        """Seconds of silence that are a hang, as things are."""
        if self._live.phase != "training" or not self._stepped:
            return UNPACED * self._seconds
        return max(self._seconds, STEPS * statistics.median(self._paces) if self._paces else 0.0)

    def _end(self, silent: float) -> None:
        live = self._live
        step = f", epoch {len(live.history) + 1}, step {live.step} of {live.steps}"
        at = step if live.phase == "training" and live.steps else ""
        error = Hang(
            f"nothing moved for {silent:.0f} s while {live.phase}{at}",
            where=f"run {live.run.key}" if live.run else "run",
            fix="Run the same command again; it goes on after the last complete epoch",
        )
        error.stacks = stacks()
        sys.stderr.write(f"{error.stacks}\nerror: {error}\n")
        sys.stderr.flush()
        recorder = threading.Thread(target=self.record, args=(error,), name="last record", daemon=True)
        recorder.start()
        recorder.join(RECORD_SECONDS)
        os._exit(error.exit_code)
