"""What a command costs: its time and its memory, measured by the kernel."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

MB = 1e6


@dataclass(frozen=True)
class Cost:
    """A command that ended."""

    code: int
    out: str
    seconds: float
    """Wall time."""
    cpu_seconds: float
    peak_bytes: int
    """Largest resident memory."""

    def __str__(self) -> str:
        return f"{self.seconds:6.1f} s, {self.cpu_seconds:6.1f} s of CPU, {self.peak_bytes / MB:5.0f} MB"


def kvjob(*arguments: object, code: int = 0, **environment: str) -> Cost:
    """Run the command line to its end, which must be that exit code."""
    command = ["nice", sys.executable, "-m", "kvjob", *map(str, arguments)]
    with TemporaryFile() as out, TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env={**os.environ, **environment}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [file.seek(0) or file.read().decode() for file in (out, err)]
    assert process.returncode == code, f"exit code {process.returncode}: {' '.join(command)}\n{texts[1]}"
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(process.returncode, texts[0], seconds, cpu, usage.ru_maxrss * 1024)


def table(title: str, rows: dict[str, Any]) -> str:
    """Figures as a reader of a test's output finds them."""
    width = max(map(len, rows))
    lines = [f"  {name:<{width}}  {value}" for name, value in rows.items()]
    return "\n".join(["", title, *lines])


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
