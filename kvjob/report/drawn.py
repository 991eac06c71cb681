"""Figures drawn and brought into their formats, in two processes where there are two cores.

Python draws on one core, and figures do not need each other. What comes of them is the same in one process.
"""

import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread

from kvjob.errors import ConfigurationError
from kvjob.report.figures import Drawing, Tiles, inline

COLUMN = "-column.pdf"
"""Ending of the version for one column of a paper."""

Maker = Callable[[], Drawing | None]

_MOST = 2
"""Processes: each holds pictures of its own, and memory is to stay small."""

_makers: Sequence[Maker] = ()
"""In a process that draws: all there is to draw."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as it is written, and as it is shown on the page."""

    name: str
    label: str
    caption: str
    files: dict[str, bytes]
    """Content by what follows the name."""
    element: str
    """Of the page."""
    tiles: Tiles
    """The pictures and letters that the element refers to."""


def draw_all(makers: Sequence[Maker]) -> Generator[Drawn | None, None, None]:
    """What each maker draws, in their order; None where there is nothing to draw yet.

    An error of a maker is raised as it is, when its turn has come. To be closed when not read to the end.
    """
    processes = min(_MOST, _cores(), len(makers))
    if processes < 2:
        yield from map(_drawn, makers)
        return
    # Forked, so that what was read from the store is there; a store makes its connections anew in a process.
    context = get_context("fork")
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(makers,)) as pool:
        try:
            yield from pool.map(_drawn_by_number, range(len(makers)))
        except BrokenProcessPool:
            raise ConfigurationError(
                "a process that draws figures was killed",
                where="report",
                fix="Give the report more memory, or one core, on which it draws in one process",
            ) from None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _drawn(maker: Maker) -> Drawn | None:
    drawing = maker()
    if drawing is None:
        return None
    files, tiles = {".svg": drawing.svg(), ".png": drawing.png(), ".pdf": drawing.pdf()}, Tiles()
    if column := drawing.column_pdf():
        files[COLUMN] = column
    element = inline(files[".svg"], drawing.name, drawing.alt, tiles)
    return Drawn(drawing.name, drawing.label, drawing.caption, files, element, tiles)


def _drawn_by_number(number: int) -> Drawn | None:
    return _drawn(_makers[number])


def _begin(makers: Sequence[Maker]) -> None:
    """In a process that draws: signals are its parent's, and it ends with it however that ends."""
    global _makers
    _makers = makers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
