"""Work spread over threads."""

import threading
import time

import pytest

from kvjob.data.threads import concurrently


def test_results_come_in_the_order_of_the_items():
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert concurrently(slow_first, range(20), threads=4) == [item * item for item in range(20)]


def test_progress_is_told_by_the_calling_thread_after_each_item():
    told = []
    concurrently(str, range(5), lambda *done: told.append((*done, threading.get_ident())), threads=3)
    assert told == [(done, 5, threading.get_ident()) for done in range(1, 6)]


def test_the_first_exception_stops_the_rest():
    started = []

    def fail(item: int) -> None:
        started.append(item)
        if item == 3:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        concurrently(fail, range(1000), threads=2)
    assert len(started) < 20


def test_nothing_to_do_is_no_problem():
    assert concurrently(str, []) == []
