"""The report of a study that still trains, made anew whenever the study has got further, until it is over."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from kvjob.errors import StoreError
from kvjob.folder import check_replaceable
from kvjob.report.build import Progress, make_report
from kvjob.report.page import Watched
from kvjob.report.published import load_published
from kvjob.report.read import StudyData, StudyReader
from kvjob.report.write import INDEX, REPORT
from kvjob.store import Store

INTERVAL_SECONDS = 30.0
"""From one look at the store to the next."""

_REST = 3
"""So many times what a report took to make is rested, so that trainers of this machine get on."""

_WATCHED = ('<meta http-equiv="refresh"', '<p class="note" id="watched">')
"""How the lines begin that only a watched page has."""

Building = Callable[[], AbstractContextManager[Progress | None]]
"""Opened around the making of each report."""


def _now() -> datetime:
    return datetime.now(UTC)


def watch_report(
    store: Store,
    study: str,
    out: Path,
    say: Callable[[str], None],
    *,
    interval: float = INTERVAL_SECONDS,
    published: Path | None = None,
    building: Building = nullcontext,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], datetime] = _now,
) -> Path:
    """Make the report, and again each time the study has changed, until all its runs are over.

    While it does, the page loads itself again. However it ends, a whole report is left that does not. A store
    that cannot be read for a while is looked for again, and the report stays as it was.

    Args:
        store: where the study lies; it is only read.
        study: its name.
        out: folder for the report, as build_report's.
        say: told a line for each report made, and what is wrong with the store.
        interval: seconds between two looks; more if making a report takes long.
        published: as build_report's.
        building: gives each report its progress.
        sleep: waits so many seconds.
        clock: tells the moment by which silent runs are judged.

    Returns:
        The path of the page.

    Raises:
        ConfigurationError: as build_report.
        StoreError: the store cannot be read at the first look.
    """
    check_replaceable(out, REPORT)
    watch = _Watch(store, study, out, say, interval, published, building, clock)
    try:
        watch.look()
        while not watch.over:
            sleep(watch.pause)
            watch.look_again()
    except BaseException:
        _settle(out / INDEX)
        raise
    return out / INDEX


class _Watch:
    """What is known from one look to the next."""

    def __init__(
        self,
        store: Store,
        study: str,
        out: Path,
        say: Callable[[str], None],
        interval: float,
        published: Path | None,
        building: Building,
        clock: Callable[[], datetime],
    ) -> None:
        self._reader, self._out, self._say = StudyReader(store, study), out, say
        self._published, self._interval = load_published(published), interval
        self._building, self._clock = building, clock
        self._shown, self._trouble = 0, ""
        self.over, self.pause = False, interval

    def look_again(self) -> None:
        """As look, but a store that cannot be read is no reason to end."""
        try:
            self.look()
        except StoreError as error:
            if str(error) != self._trouble:
                self._say(f"{error} Looking again every {self.pause:.0f} s.")
            self._trouble = str(error)

    def look(self) -> None:
        """Read what changed, and make the report anew if anything did."""
        moment = self._clock()
        data = self._reader.read(moment)
        if self._trouble:
            self._say("The store can be read again.")
            self._trouble = ""
        if self._reader.stamp == self._shown:
            return
        begin, over = time.monotonic(), all(run.over for run in data.runs)
        with self._building() as progress:
            watched = None if over else Watched(ceil(self._interval), moment)
            make_report(data, self._published, self._out, progress, watched)
        seconds = time.monotonic() - begin
        self._shown, self.over, self.pause = self._reader.stamp, over, max(self._interval, _REST * seconds)
        self._say(f"{_standings(data)}; report made in {seconds:.0f} s{'' if over else ', looking on'}")


def _standings(data: StudyData) -> str:
    """`3 of 13 runs finished, 2 running, 8 missing`."""
    counts: dict[str, int] = {}
    for run in data.runs:
        counts[run.standing] = counts.get(run.standing, 0) + 1
    finished = f"{counts.pop('finished', 0)} of {len(data.runs)} runs finished"
    return ", ".join([finished, *(f"{number} {standing}" for standing, number in sorted(counts.items()))])


def _settle(page: Path) -> None:
    """Let a page that nobody makes anew no longer say so."""
    with suppress(OSError):
        lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
        settled = page.with_name(f".{page.name}")
        settled.write_text("".join(line for line in lines if not line.startswith(_WATCHED)), encoding="utf-8")
        settled.replace(page)
