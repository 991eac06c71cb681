"""The live table: the study's progress in one line, a row per run, and what had no room."""

import math
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kvjob.local.board import Board
from kvjob.local.estimate import may_stop_early, run_seconds_left, study_seconds_left
from kvjob.local.fit import fit
from kvjob.local.row import Row
from kvjob.local.words import clock, plural, rate, ratio, roughly

SIGNS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "bold cyan"),
    "retry": ("↻", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "interrupted": ("◦", "yellow"),
}
"""A sign and a style for each state; the words in the bar's place say the same without either."""

WORDS = {"retry": "to try again", "interrupted": "stopped"}
"""States that read better in other words."""

STOPPING = {
    "saving": "Stopping: the trainers save and end; Ctrl-C again kills them.",
    "killing": "Killing the trainers.",
}

STOPPED = "Stopped. The same command goes on from here."

AROUND = 6
"""Lines that are not rows: the study, its bar, a blank one, the heading, the summary, the cursor's."""

OTHER_COLUMNS = 70
"""Columns that all but the run's name take at the most."""


class TableView:
    """Draws boards over one another on a terminal; what went wrong scrolls away above."""

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title = console, title
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def open(self, board: Board) -> None:
        """Begin the table."""
        self._live.start()
        self.draw(board, ())

    def draw(self, board: Board, changed: Sequence[Row]) -> None:
        """Draw the table anew, and print what failed above it."""
        for row in changed:
            if row.state in ("failed", "retry"):
                self._console.print(trouble(row, board.now))
                # Unwrapped, so that the path can be copied.
                self._console.print(Text(f"  log: {row.log}", "dim"), soft_wrap=True)
        size = self._console.size
        self._live.update(picture(board, self._title, size.width, size.height), refresh=True)

    def close(self, board: Board) -> None:
        """Leave the table as it is."""
        self.draw(board, ())
        self._live.stop()


def trouble(row: Row, now: float) -> Text:
    """What went wrong with a run, and whether it is tried again."""
    sign, style = SIGNS[row.state]
    again = "" if row.due is None else f"; trying again in {max(0, math.ceil(row.due - now))} s"
    return Text.assemble((f"{sign} {row.run.title}: ", style), row.message, again)


def picture(board: Board, title: str, width: int, height: int) -> RenderableType:
    """The board in at most height lines of width columns."""
    rows, hidden = fit(board.rows, lambda row: row.state, max(1, height - AROUND))
    parts: list[RenderableType] = [_head(board, title), _study_bar(board), Text(), _table(rows, board, width)]
    if board.stopping:
        words = STOPPED if board.over else STOPPING[board.stopping]
        parts.append(Text(words, "yellow", no_wrap=True, overflow="ellipsis"))
    elif hidden:
        rest = ", ".join(f"{number} {WORDS.get(name, name)}" for name, number in hidden.items())
        parts.append(Text(f"  and {rest}", "dim"))
    return Group(*parts)


def _head(board: Board, title: str) -> Text:
    count = board.count()
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(title, "bold").append(f"  {count['done']} of {plural(len(board.rows), 'run')} done")
    for state in ("running", "waiting", "retry", "interrupted", "failed"):
        if count[state]:
            head.append(" · ", "dim").append(f"{count[state]} {WORDS.get(state, state)}", SIGNS[state][1])
    return head


def _study_bar(board: Board) -> Table:
    left = study_seconds_left(board)
    times = clock(board.elapsed)
    if not board.over:
        times += ", time left not known yet" if left is None else f", about {roughly(left)} left"
    total, done = len(board.rows), sum(map(_share, board.rows))
    bar = ProgressBar(total=max(1, total), completed=done, complete_style="cyan", finished_style="green")
    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    line.add_column(ratio=1)
    line.add_column(no_wrap=True)
    line.add_row(bar, times)
    return line


def _table(rows: Sequence[Row], board: Board, width: int) -> Table:
    seeds = len({row.run.config.seed for row in board.rows}) > 1
    tries = any(row.attempts > 1 for row in board.rows)
    bar = max(10, min(24, width - 80))
    tight = max((len(row.run.title) for row in rows), default=0) + OTHER_COLUMNS > width
    table = Table(box=None, expand=tight, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", width=1)
    table.add_column("run", no_wrap=True, overflow="ellipsis", ratio=1 if tight else None)
    if seeds:
        table.add_column("seed", justify="right", no_wrap=True)
    table.add_column("", width=bar, no_wrap=True)
    for heading, least in (("epoch", 5), ("IoU", 5), ("best", 5), ("img/s", 5), ("left", 6)):
        table.add_column(heading, justify="right", no_wrap=True, min_width=least)
    if tries:
        table.add_column("try", justify="right", no_wrap=True)
    for row in rows:
        cells = _cells(row, board.now, bar, seeds, tries)
        table.add_row(*cells, style="dim" if row.state == "waiting" else "")
    return table


def _cells(row: Row, now: float, bar: int, seeds: bool, tries: bool) -> list[RenderableType]:
    sign, style = SIGNS[row.state]
    name = row.run.title.removesuffix(f" seed={row.run.config.seed}")
    return [
        Text(sign, style),
        Text(name, style if row.state == "failed" else ""),
        *([str(row.run.config.seed)] if seeds else []),
        _bar(row, bar, now),
        *_figures(row, now),
        *([str(row.attempts) if row.attempts > 1 else ""] if tries else []),
    ]


def _bar(row: Row, width: int, now: float) -> RenderableType:
    if row.state == "running" and not row.phase:
        return ProgressBar(total=1.0, completed=_share(row), width=width, complete_style="cyan")
    if row.diverged:
        return Text("diverged", "yellow")
    if row.state == "done":
        return ProgressBar(total=1.0, completed=1.0, width=width, finished_style="green")
    if row.state == "retry":
        wait = 0.0 if row.due is None else row.due - now
        return Text(f"in {clock(wait)}" if wait > 0 else "to retry", "yellow")
    return Text(row.phase or WORDS.get(row.state, row.state), SIGNS[row.state][1])


def _figures(row: Row, now: float) -> tuple[str, ...]:
    if row.state == "waiting" or not row.attempts:
        return "", "", "", "", ""
    left = run_seconds_left(row, now)
    at_most = "≤" if left and may_stop_early(row) else ""
    return (
        f"{row.epoch}/{row.epochs}",
        ratio(row.iou),
        ratio(row.best_iou),
        rate(row.images_per_second),
        "" if row.state != "running" else f"{at_most}{clock(left)}",
    )


def _share(row: Row) -> float:
    if row.state == "done" or not row.epochs:
        return 1.0 if row.state == "done" else 0.0
    within = row.step / row.steps if row.steps else 0.0
    return min(1.0, (row.epoch + within) / row.epochs)
