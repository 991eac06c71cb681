"""Telling whoever watches how far a run is."""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from kvjob.records.run import EpochRow

PROGRESS_FD = "KVJOB_PROGRESS_FD"
"""Environment variable with the number of a pipe that takes one JSON object per line."""

STEP_SECONDS = 0.2
"""Least time between two reports of steps."""


class Reporter(Protocol):
    """Takes events: start, step, epoch, phase."""

    def send(self, event: str, **facts: Any) -> None:
        """Report an event and its facts; never fails, never blocks for long."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def event_line(event: str, facts: Mapping[str, Any]) -> str:
    """An event as a line of a log; empty for a step."""
    stamp = time.strftime("%H:%M:%S")
    if event == "epoch":
        return (
            f"{stamp} epoch {facts['epoch']}/{facts['epochs']}  loss {facts['loss']:.4f}  "
            f"IoU {facts['iou']:.4f}  best {facts['best_iou']:.4f} (epoch {facts['best_epoch']})  "
            f"{facts['images_per_second']:.1f} img/s"
        )
    if event == "step":
        return ""
    return f"{stamp} {event}  " + "  ".join(f"{name} {value}" for name, value in facts.items())


class PipeReporter:
    """JSON lines to a pipe, each short enough to be written whole."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        os.set_blocking(fd, False)

    def send(self, event: str, **facts: Any) -> None:
        """Write the event; it is lost if the reader is slow or gone."""
        try:
            os.write(self._fd, (json.dumps({"event": event, **facts}) + "\n").encode())
        except OSError:
            return

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._fd)


class LineReporter:
    """One line of text per epoch, for logs."""

    def send(self, event: str, **facts: Any) -> None:
        """Print the event, unless it is a step."""
        if line := event_line(event, facts):
            print(line, flush=True)  # noqa: T201  (a log line is the point)

    def close(self) -> None:
        """Write out what is still to be written."""
        sys.stdout.flush()


class BarReporter:
    """A progress bar on a terminal, with a line for each epoch above it."""

    def __init__(self) -> None:
        self._lines = LineReporter()
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(), transient=True)
        self._task: TaskID | None = None

    def send(self, event: str, **facts: Any) -> None:
        """Move the bar, or print what is not a step above it."""
        if self._task is None:
            self._task = self._bar.add_task("", total=1, facts="")
            self._bar.start()
        if event == "step":
            self._bar.update(
                self._task,
                description=f"epoch {facts['epoch']}/{facts['epochs']}",
                completed=facts["step"],
                total=facts["steps"],
                facts=f"{facts['images_per_second']:.1f} img/s",
            )
        else:
            self._lines.send(event, **facts)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def make_reporter() -> Reporter:
    """The reporter for where this process runs: a pipe, a terminal, or a log."""
    fd = os.environ.get(PROGRESS_FD)
    if fd:
        return PipeReporter(int(fd))
    return BarReporter() if sys.stdout.isatty() else LineReporter()


class StepPace:
    """Lets through one report of steps per STEP_SECONDS and measures the speed in between."""

    def __init__(self) -> None:
        self._begin = self._last = time.monotonic()

    def due(self, images: int) -> float | None:
        """Images per second so far if it is time to report, else nothing."""
        now = time.monotonic()
        if now - self._last < STEP_SECONDS:
            return None
        self._last = now
        return images / (now - self._begin)


def epoch_facts(row: EpochRow, best_iou: float, best_epoch: int) -> dict[str, Any]:
    """What is told of a finished epoch."""
    return {
        "epoch": row.epoch,
        "iou": row.validation.mean_over_images.iou,
        "loss": row.validation.loss,
        "best_iou": best_iou,
        "best_epoch": best_epoch,
    }
