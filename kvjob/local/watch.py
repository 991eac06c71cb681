"""`kvjob status`: the rows once, or again and again until every run is over."""

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from kvjob.errors import StoreError
from kvjob.local.status import StatusRow, StudyStatus
from kvjob.local.status_place import Look
from kvjob.local.status_text import picture, plain_row, plain_rows, status_json, summary
from kvjob.local.view import is_live
from kvjob.local.words import printable
from kvjob.store import Store

WATCH_SECONDS = 3.0
"""Time between two looks at the store."""


def print_status(store: Store, study: str, look: Look | None = None, *, as_json: bool = False) -> None:
    """Print every run of the study: a table on a terminal, plain lines elsewhere, or JSON.

    Args:
        store: where the study lies.
        study: its name.
        look: asks the place that trains the runs, if that is not this machine.
        as_json: print JSON.

    Raises:
        ConfigurationError: the store has no such study.
        StoreError: the store cannot be read.
    """
    status = StudyStatus(store, study, look)
    rows, note = status.rows(), status.note
    if as_json:
        sys.stdout.write(status_json(study, rows, note) + "\n")
    elif is_live(sys.stdout):
        console = Console(highlight=False)
        console.print(picture(study, rows, console.size.width, note=note))
    else:
        lines = [*plain_rows(rows), *([printable(note)] if note else []), summary(study, rows)]
        sys.stdout.write("\n".join(lines) + "\n")


def watch_status(store: Store, study: str, seconds: float = WATCH_SECONDS, look: Look | None = None) -> None:
    """Show the study until every run is done or failed, or until Ctrl-C; errors as print_status."""
    status = StudyStatus(store, study, look)
    try:
        if is_live(sys.stdout):
            _watch_live(status, study, seconds)
        else:
            _watch_plainly(status, study, seconds)
    except KeyboardInterrupt:
        # The usual way to end a watch; nothing was interrupted by it.
        return


def _watch_live(status: StudyStatus, study: str, seconds: float) -> None:
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def show(rows: list[StatusRow], note: str) -> None:
            size = console.size
            live.update(picture(study, rows, size.width, size.height, note), refresh=True)

        _look(status, seconds, show)


def _watch_plainly(status: StudyStatus, study: str, seconds: float) -> None:
    before: dict[str, tuple[object, ...]] = {}
    said = ""

    def show(rows: list[StatusRow], note: str) -> None:
        width = max((len(row.title) for row in rows), default=0)
        facts = {row.key: (row.state, row.epoch, row.attempts, row.phase, row.phase_why) for row in rows}
        lines = [plain_row(row, width) for row in rows if before.get(row.key) != facts[row.key]]
        if lines:
            lines.append(summary(study, rows))
        nonlocal said
        if note and note != said:
            lines.append(note)
        said = note
        before.update(facts)
        sys.stdout.writelines(f"{time.strftime('%H:%M:%S')} {line}\n" for line in lines)
        sys.stdout.flush()

    _look(status, seconds, show)


def _look(status: StudyStatus, seconds: float, show: Callable[[list[StatusRow], str], None]) -> None:
    """Look at the store until every run is over; a store lost in between is looked for again."""
    rows = status.rows()
    note = status.note
    while True:
        show(rows, note)
        if rows and all(row.over for row in rows):
            return
        time.sleep(seconds)
        try:
            rows = status.rows()
            note = status.note
        except StoreError as error:
            note = f"{error} Looking again."
