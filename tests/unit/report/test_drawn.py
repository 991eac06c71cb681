"""Figures drawn in two processes: in order, with their errors, and without leaving a process behind."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import active_children, get_context
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError, DataError
from kvjob.report.drawn import draw_all
from kvjob.report.figures import Drawing
from kvjob.report.figures.style import new_figure


@pytest.fixture(autouse=True)
def two_cores(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr("kvjob.report.drawn._cores", lambda: 2)
    yield
    assert active_children() == []


def drawing(name: str) -> Drawing:
    return Drawing(name, name.title(), "", "", new_figure(1.0))


def nothing() -> None:
    return None


def missing() -> None:
    raise DataError("missing", where="here", fix="Bring it")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def asleep() -> None:
    time.sleep(60)


def test_what_is_drawn_comes_in_order_with_gaps():
    makers = [lambda: drawing("first"), nothing, lambda: drawing("third")]
    assert [each and each.label for each in draw_all(makers)] == ["First", None, "Third"]


def test_an_error_is_the_one_that_was_raised():
    with pytest.raises(DataError, match=r"^here: missing\. Bring it\.$"):
        list(draw_all([nothing, missing, nothing]))


def test_a_process_that_is_killed_is_said():
    with pytest.raises(ConfigurationError, match="a process that draws figures was killed"):
        list(draw_all([killed, nothing]))


def test_who_stops_listening_waits_for_no_more_than_what_is_being_drawn():
    begun = get_context("fork").Value("i", 0)

    def slow() -> None:
        with begun:
            begun.value += 1
        time.sleep(0.05)

    with closing(draw_all([slow] * 400)) as drawn:
        next(drawn)
    assert begun.value < 20


def test_a_parent_that_is_killed_takes_its_processes_along():
    parent = get_context("fork").Process(target=lambda: list(draw_all([asleep] * 2)))
    parent.start()
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while len(found := children.read_text().split()) < 2:
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    while any(alive(each) for each in found):
        time.sleep(0.01)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
