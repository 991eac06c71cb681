"""Work done by a few threads that never keep the process from ending."""

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_parallel(work: Callable[[T], None], items: Iterable[T], threads: int) -> None:
    """Do the work of every item; the first error ends it and is raised, once every thread has stopped.

    An executor's threads would be waited for when the process is told to end, even in a request that hangs.
    """
    waiting: SimpleQueue[T] = SimpleQueue()
    for item in items:
        waiting.put(item)
    errors: list[BaseException] = []

    def take() -> None:
        try:
            while not errors:
                work(waiting.get_nowait())
        except Empty:
            return
        except BaseException as error:  # raised again by the caller's thread
            errors.append(error)

    number = min(threads, waiting.qsize())
    running = [Thread(target=take, name="reader", daemon=True) for _ in range(number)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
