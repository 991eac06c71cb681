"""One trainer process: started, listened to, asked to stop."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

from kvjob.local import tether
from kvjob.local.events import Event, EventLines
from kvjob.local.words import printable

PROGRESS_FD = "KVJOB_PROGRESS_FD"
"""Environment variable with the number of the file descriptor that takes events."""

READS = 32
"""Reads of 64 KiB after which the other trainers get their turn."""

TRACEBACK = "Traceback (most recent call last):"

TAIL = 8192
"""Bytes at the end of a log in which the last words are looked for."""


class LogBusy(Exception):  # noqa: N818  (a state, not a defect)
    """A trainer of an earlier command still writes this log."""


class Trainer:
    """A running trainer. Its file descriptor `pipe` is readable when it has something to tell."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int, log: Path, log_start: int) -> None:
        self._process, self.pipe, self._log, self._log_start = process, pipe, log, log_start
        self._lines = EventLines()

    @classmethod
    def start(cls, command: Sequence[str], log: Path, environment: Mapping[str, str], attempt: int) -> Self:
        """Start command with its output appended to log.

        Raises:
            LogBusy: a trainer of an earlier command is still there; start it later.
            OSError: the log cannot be written, or the process not be created.
        """
        with log.open("ab") as output:
            _claim(output)
            stamp = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
            output.write(f"--- attempt {attempt}, {stamp}: {' '.join(command)}\n".encode())
            output.flush()
            start = output.tell()
            reader, writer = os.pipe()
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(writer,),
                    env={**environment, PROGRESS_FD: str(writer)},
                    # Out of the terminal's reach: Ctrl-C is for the parent, which then asks each to save.
                    start_new_session=True,
                )
            except OSError:
                os.close(reader)
                raise
            finally:
                os.close(writer)
        os.set_blocking(reader, False)
        return cls(process, reader, log, start)

    def hear(self) -> tuple[list[Event], bool]:
        """What it told since the last call, and whether it may tell more; never waits."""
        events: list[Event] = []
        for _ in range(READS):
            try:
                data = os.read(self.pipe, 65536)
            except BlockingIOError:
                return events, True
            if not data:
                return events, False
            events.extend(self._lines.feed(data))
        return events, True

    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal killed it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Ask it to save and end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and what it started, at once."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Wait for its end, and let go of its pipe."""
        self._process.wait()
        os.close(self.pipe)

    def last_words(self) -> str:
        """The line at the end of this attempt's log that says what went wrong; may be empty."""
        try:
            with self._log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - TAIL))
                text = log.read().decode(errors="replace")
        except OSError:
            # Somebody tidied the logs away; that is no reason to stop a study.
            return ""
        lines = [line for line in text.splitlines() if line.strip()]
        if TRACEBACK in lines:
            # Its first line without indentation names the exception; what follows is only advice.
            last = len(lines) - 1 - lines[::-1].index(TRACEBACK)
            lines = [line for line in lines[last + 1 :] if not line.startswith(" ")][:1] or lines
        return printable(lines[-1]).removeprefix("error: ") if lines else ""


def _claim(output: BinaryIO) -> None:
    # The lock lives as long as any process holds the log open, so it tells whether a trainer whose parent
    # was killed is still saving: two trainers of one run would write the same keys.
    try:
        fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LogBusy from None
    except OSError:
        # A file system without locks: nothing is known, as if nobody were there.
        return
