"""Two folders change places in one step, where the system can do that."""

import ctypes
import os
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2), Linux 3.15."""


def exchange(one: Path, other: Path) -> bool:
    """Let two existing paths of one file system change places, so that neither is ever missing.

    Returns:
        Whether they did; if not, nothing happened: other is not there, or the system or file system cannot.
    """
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # no such call: not Linux, or an old C library
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0)
