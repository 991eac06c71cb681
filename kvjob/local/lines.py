"""Plain lines for a log file or a pipe: what happened, when, and nothing that needs a terminal."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from kvjob.local.board import Board
from kvjob.local.estimate import run_seconds_left, study_seconds_left
from kvjob.local.row import Row
from kvjob.local.words import clock, plural, rate, roughly

ENDS = ("done", "failed", "interrupted")

STOPPING = {"saving": "stopping: the trainers save and end", "killing": "stopping: the trainers are killed"}

HELD = {
    "held": "a trainer of an earlier command still holds it",
    "elsewhere": "it is trained elsewhere ({})",
}

SECONDS_PER_LINE = 2.0
"""Epoch lines of all runs together come no closer than this on average; starts and ends always come."""


class LinesView:
    """Writes a line when a run starts, at its epochs, and when it ends."""

    def __init__(self, stream: TextIO, title: str) -> None:
        self._stream, self._title = stream, title
        self._before: dict[str, Row] = {}
        self._wrote: dict[str, float] = {}
        self._stopping = ""

    def open(self, board: Board) -> None:
        """Say what is about to happen."""
        count = board.count()
        done = f", {count['done']} of them done" if count["done"] else ""
        self._say(f"study    {self._title}: {plural(len(board.rows), 'run')}{done}, {board.jobs} at a time")
        self._before = {row.run.key: row for row in board.rows}

    def draw(self, board: Board, changed: Sequence[Row]) -> None:
        """Write what changed."""
        for row in changed:
            line = self._line(self._before[row.run.key], row, board)
            self._before[row.run.key] = row
            if line:
                self._say(line)
        if board.stopping != self._stopping:
            self._stopping = board.stopping
            self._say(STOPPING[self._stopping])

    def close(self, board: Board) -> None:
        """Say how it ended."""
        count = board.count()
        ends = ", ".join(f"{count[state]} {state}" for state in ENDS if count[state])
        self._say(f"study    {self._title}: {ends} after {clock(board.elapsed)}")

    def _line(self, before: Row, row: Row, board: Board) -> str:
        if row.state == "running":
            return self._running(before, row, board)
        if row.state == "waiting":
            held = HELD.get(row.phase, "") if row.phase != before.phase else ""
            return f"waiting  {row.run.title}: {held.format(row.message)}" if held else ""
        if row.state == "retry":
            wait = f" in {math.ceil(row.due - board.now)} s" if row.due and row.due > board.now else ""
            return f"retry    {row.run.title}: {row.message}; trying again{wait}; log: {row.log}"
        if row.state == "failed":
            return f"FAILED   {row.run.title}: {row.message}; log: {row.log}"
        if row.state == "done":
            diverged = f", diverged: {row.message}" if row.diverged else ""
            return f"done     {row.run.title}: {_epochs(row)} in {_seconds(row)}{diverged}{_study(board)}"
        return f"stopped  {row.run.title} after epoch {row.epoch} of {row.epochs}" if row.attempts else ""

    def _running(self, before: Row, row: Row, board: Board) -> str:
        if row.attempts != before.attempts:
            again = f", attempt {row.attempts}" if row.attempts > 1 else ""
            return f"start    {row.run.title}{again}"
        if row.epoch <= before.epoch or row.iou is None:
            return ""
        key, busy = row.run.key, max(1, board.count()["running"])
        if board.now - self._wrote.get(key, float("-inf")) < SECONDS_PER_LINE * busy:
            return ""
        self._wrote[key] = board.now
        left = run_seconds_left(row, board.now)
        return (
            f"epoch    {row.run.title}: {row.epoch}/{row.epochs}, loss {row.loss:.4f}, IoU {row.iou:.3f} "
            f"(best {row.best_iou:.3f} in epoch {row.best_epoch}), {rate(row.images_per_second)} img/s"
            + ("" if left is None else f", at most {clock(left)} left")
        )

    def _say(self, text: str) -> None:
        line = f"{datetime.now().astimezone():%H:%M:%S} {text}\n"
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(line.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


def _epochs(row: Row) -> str:
    best = "" if row.best_iou is None else f", best IoU {row.best_iou:.3f} in epoch {row.best_epoch}"
    return f"{plural(row.epoch, 'epoch')}{best}"


def _seconds(row: Row) -> str:
    return clock(None if row.ended is None or row.began is None else row.ended - row.began)


def _study(board: Board) -> str:
    left = study_seconds_left(board)
    about = "" if not left else f", about {roughly(left)} left"
    return f" ({board.count()['done']} of {plural(len(board.rows), 'run')} done{about})"
