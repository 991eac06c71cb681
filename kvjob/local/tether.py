"""Ties the command it becomes to the life of the process that started it: `tether.py PARENT COMMAND…`.

When the parent dies in whatever way, the kernel sends SIGTERM to the trainer, which then saves and exits as
after Ctrl-C. That needs nothing of the trainer and reaches it in any state, while a broken progress pipe is
noticed only by one that is about to write. Systems other than Linux have no such signal: there a trainer
goes on to the end of its run, and the lock on its log keeps a second one from starting beside it.

It is a program and not a `preexec_fn`, because a fork that runs Python in a process with threads (the
view's, those of numpy) can deadlock. It imports nothing of kvjob, so that it costs milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>; the setting survives exec."""

INTERRUPTED = 75
"""ExitCode.INTERRUPTED."""


def main() -> None:
    """Set the parent-death signal, then become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):
            # It died before the setting was made, and no signal will come.
            sys.exit(INTERRUPTED)
    os.execvp(command[0], command)  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main()
