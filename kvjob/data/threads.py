"""One function over many items in threads, in order, with progress."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS = 16
"""A node may show 200 CPUs to a pod that owns two; each thread holds a decoded image."""


Progress = Callable[[int, int], None]
"""Called as progress(done, total): how many of a step's items are finished; total stays the same."""


def silent(done: int, total: int) -> None:
    """Report no progress."""


def concurrently(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Progress = silent,
    threads: int | None = None,
) -> list[Result]:
    """The results of function for every item, in the order of items.

    Threads suffice because OpenCV, zlib and hashlib release the GIL. No more items are in flight than
    threads, so an interrupt ends soon, and the first exception stops the rest and is raised.

    Args:
        function: called with one item; must be thread-safe.
        items: what to work on.
        progress: called from the calling thread only, after each item.
        threads: number of threads; one per CPU, at most MOST_THREADS, unless given.
    """
    count = threads or min(MOST_THREADS, os.cpu_count() or 1)
    results: dict[int, Result] = {}
    waiting = iter(enumerate(items))
    with ThreadPoolExecutor(count) as pool:

        def start(entries: Iterable[tuple[int, Item]]) -> dict[Future[Result], int]:
            return {pool.submit(function, item): index for index, item in entries}

        running = start(islice(waiting, count))
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                results[running.pop(future)] = future.result()
                progress(len(results), len(items))
                running |= start(islice(waiting, 1))
    return [results[index] for index in range(len(items))]
