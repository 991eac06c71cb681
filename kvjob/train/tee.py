"""A process that passes on what another writes, and remembers the end of it.

Run as a program, without kvjob: `python -I -S tee.py RING (FROM TO)...`, all of them file descriptors. It is
a process and not a thread so that nothing is lost when the writer dies of a signal, and so that native code
which holds Python's lock never waits for a reader that needs it.
"""

import os
import selectors
import signal
import sys

HEAD = 8
"""Bytes of the ring that hold how many were written in all."""

SIZE = 1024 * 1024
"""Bytes of the ring that hold the last of them."""


def remember(ring: int, total: int, data: bytes) -> int:
    """Put data at the end of the ring; returns the new total, which is written last."""
    data, total = data[-SIZE:], total + max(0, len(data) - SIZE)
    at = total % SIZE
    first = data[: SIZE - at]
    os.pwrite(ring, first, HEAD + at)
    os.pwrite(ring, data[len(first) :], HEAD)
    total += len(data)
    os.pwrite(ring, total.to_bytes(HEAD, "little"), 0)
    return total


def recall(ring: int) -> bytes:
    """What the ring holds, oldest first."""
    total = int.from_bytes(os.pread(ring, HEAD, 0), "little")
    held = os.pread(ring, min(total, SIZE), HEAD)
    at = total % SIZE if total > SIZE else 0
    return held[at:] + held[:at]


def pass_on(ring: int, ways: dict[int, int]) -> None:
    """Copy from each key to its value until all of them have ended."""
    total = 0
    with selectors.DefaultSelector() as ready:
        for source in ways:
            ready.register(source, selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select():
                data = os.read(key.fd, 65536)
                if not data:
                    ready.unregister(key.fd)
                    continue
                total = remember(ring, total, data)
                _write(ways[key.fd], data)


def _write(target: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(target, data) :]
        except BlockingIOError:
            with selectors.DefaultSelector() as ready:
                ready.register(target, selectors.EVENT_WRITE)
                ready.select()
        except OSError:
            return  # nobody reads it any more; the end is remembered all the same


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # it ends when its writers have, and not before
    numbers = [int(each) for each in sys.argv[1:]]
    pass_on(numbers[0], dict(zip(numbers[1::2], numbers[2::2], strict=True)))
