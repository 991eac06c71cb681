"""What it means for a data set when the disk refuses."""

from pathlib import Path

from kvjob.errors import DataError, DiskFullError, KvjobError
from kvjob.store.files import FULL, room_left


def refused(problem: OSError, what: str, where: str, fix: str, need: int | None = None) -> KvjobError:
    """The error to raise: DiskFullError if no space or quota is left, else DataError.

    Args:
        problem: what the operating system said.
        what: what cannot be done, in words that the reason follows in brackets.
        where: file or folder.
        fix: what would help.
        need: bytes that are to be written there; the message of a full disk then tells how many are free.
    """
    what = f"{what} ({problem.strerror or problem})"
    if problem.errno not in FULL:
        return DataError(what, where=where, fix=fix)
    return DiskFullError(what if need is None else what + room_left(Path(where), need), where=where, fix=fix)
