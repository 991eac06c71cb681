"""`kvjob status`: the rows once, or again and again until every run is over."""

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from kvjob.errors import StoreError
from kvjob.local.status import StatusRow, StudyStatus, status_rows
from kvjob.local.status_text import picture, plain_row, plain_rows, status_json, summary
from kvjob.local.view import is_live
from kvjob.store import Store

WATCH_SECONDS = 3.0
"""Time between two looks at the store."""


def print_status(store: Store, study: str, *, as_json: bool = False) -> None:
    """Print every run of the study: a table on a terminal, plain lines elsewhere, or JSON.

    Raises:
        ConfigurationError: the store has no such study.
        StoreError: the store cannot be read.
    """
    rows = status_rows(store, study)
    if as_json:
        sys.stdout.write(status_json(study, rows) + "\n")
    elif is_live(sys.stdout):
        console = Console(highlight=False)
        console.print(picture(study, rows, console.size.width))
    else:
        sys.stdout.write("\n".join([*plain_rows(rows), summary(study, rows)]) + "\n")


def watch_status(store: Store, study: str, seconds: float = WATCH_SECONDS) -> None:
    """Show the study until every run is done or failed, or until Ctrl-C; errors as print_status."""
    status = StudyStatus(store, study)
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
    before: dict[str, str] = {}

    def show(rows: list[StatusRow], note: str) -> None:
        width = max((len(row.title) for row in rows), default=0)
        facts = {row.key: f"{row.state} {row.epoch} {row.attempts}" for row in rows}
        lines = [plain_row(row, width) for row in rows if before.get(row.key) != facts[row.key]]
        if lines:
            lines.append(summary(study, rows))
        if note:
            lines.append(note)
        before.update(facts)
        sys.stdout.writelines(f"{time.strftime('%H:%M:%S')} {line}\n" for line in lines)
        sys.stdout.flush()

    _look(status, seconds, show)


def _look(status: StudyStatus, seconds: float, show: Callable[[list[StatusRow], str], None]) -> None:
    """Look at the store until every run is over; a store lost in between is looked for again."""
    rows = status.rows()
    note = ""
    while True:
        show(rows, note)
        if all(row.over for row in rows):
            return
        time.sleep(seconds)
        try:
            rows, note = status.rows(), ""
        except StoreError as error:
            note = f"{error} Looking again."
