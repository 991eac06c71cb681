"""Where the threads of this process are."""

import sys
import threading
import traceback

MOST = 16_000
"""Characters that are kept."""

FRAMES = 40
"""Innermost calls of each thread."""


def stacks() -> str:
    """Where every thread is, the main one first, at most MOST characters.

    No source is read: the disk may be what hangs.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    parts = []
    for ident, frame in sorted(sys._current_frames().items(), key=lambda entry: entry[0] != main):
        frames = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=FRAMES, lookup_lines=False)
        lines = [f"  {each.filename}:{each.lineno} in {each.name}" for each in frames]
        parts.append("\n".join((f"thread {names.get(ident, ident)!r}, innermost call first:", *lines)))
    return "\n".join(parts)[:MOST]
