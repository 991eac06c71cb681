"""The end of what this process writes to standard output and error, native code included."""

import fcntl
import os
import stat
import subprocess
import sys
import termios
import time
from array import array
from collections import deque
from types import TracebackType
from typing import Any, Self

from kvjob.records.failure import LINES, last_lines, without_secrets
from kvjob.train import tee
from kvjob.train.progress import LineReporter, Reporter, event_line

CLOSE_SECONDS = 5.0
"""Longest wait for what was written to be passed on: whoever reads it may be stuck."""

SETTLE_SECONDS = 2.0
"""Longest wait for what was written just now to be remembered."""

EVENTS = 200
"""Lines of progress that are kept where they are not part of the output."""


class Output:
    """Remembers the end of what is written to file descriptors 1 and 2 while it is open.

    A file is read again, a pipe or socket gets a tee between it and this process, and a terminal is left
    alone, so that what draws on one still does; of what went there only the progress is kept. Without a tee
    (no process to be had) nothing changes but that less is kept.
    """

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], tuple[int, int]] = {}
        self._saved: dict[int, int] = {}
        self._ring = -1
        self._tee: subprocess.Popen[bytes] | None = None
        self._events: deque[str] = deque(maxlen=EVENTS)

    def __enter__(self) -> Self:
        piped: dict[tuple[int, int], list[int]] = {}
        for fd in (1, 2):
            try:
                found = os.fstat(fd)
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode):
                self._open(fd, (found.st_dev, found.st_ino))
            elif stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode):
                piped.setdefault((found.st_dev, found.st_ino), []).append(fd)
        if piped:
            try:
                self._divert(list(piped.values()))
            except OSError as error:
                self.note(f"the output is not kept: {error}")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)
            os.close(saved)
        self._saved.clear()
        if self._tee is not None:
            try:
                self._tee.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:  # a child of ours writes still; it is passed on
                self._tee.returncode = 0  # no warning that it was left
            self._tee = None

    def note(self, line: str) -> None:
        """Remember a line that is not written."""
        self._events.append(line)

    def reporter(self, report: Reporter) -> Reporter:
        """A reporter whose events are remembered too."""
        return report if isinstance(report, LineReporter) else _Remembering(report, self)

    def text(self) -> str:
        """The last lines, without secrets: of progress first where that was not written, then the output."""
        output = without_secrets(last_lines(self._written(), LINES - len(self._events)))
        return "".join(f"{line}\n" for line in self._events) + output

    def _written(self) -> str:
        self._settle()
        parts = [_end_of(fd, start) for fd, start in self._files.values()]
        if self._ring >= 0:
            parts.append(tee.recall(self._ring))
        return b"".join(parts).decode(errors="replace")

    def _settle(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end and any(map(_unread, self._saved)):
            time.sleep(0.01)
        if self._saved:
            time.sleep(0.01)  # from the tee's reading to its remembering

    def _open(self, fd: int, which: tuple[int, int]) -> None:
        if which in self._files:
            return
        try:
            copy = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it may be written and not read
            return
        self._files[which] = copy, os.fstat(copy).st_size

    def _divert(self, groups: list[list[int]]) -> None:
        """Put a tee in between; descriptors that lead to one place share a pipe, which keeps their order."""
        self._ring = os.memfd_create("kvjob-output", os.MFD_CLOEXEC)
        ways: list[int] = []
        ends: dict[int, int] = {}
        for group in groups:
            reader, writer = os.pipe()
            ways += [reader, os.dup(group[0])]
            ends |= dict.fromkeys(group, writer)
        try:
            self._tee = subprocess.Popen(
                [sys.executable, "-I", "-S", tee.__file__, *map(str, (self._ring, *ways))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(self._ring, *ways),
                env={},
            )
            sys.stdout.flush()
            sys.stderr.flush()
            for fd, writer in ends.items():
                self._saved[fd] = os.dup(fd)
                os.dup2(writer, fd)
        finally:
            for fd in {*ways, *ends.values()}:
                os.close(fd)


class _Remembering:
    def __init__(self, report: Reporter, output: Output) -> None:
        self._report, self._output = report, output

    def send(self, event: str, **facts: Any) -> None:
        if line := event_line(event, facts):
            self._output.note(line)
        self._report.send(event, **facts)

    def close(self) -> None:
        self._report.close()


def _unread(fd: int) -> int:
    """Bytes that a pipe holds."""
    held = array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, held)
    return held[0]


def _end_of(fd: int, start: int) -> bytes:
    """What was added to a file, or the end of that."""
    try:
        size = os.fstat(fd).st_size
        at = max(start if start <= size else 0, size - tee.SIZE)
        return os.pread(fd, size - at, at)
    except OSError:
        return b""
