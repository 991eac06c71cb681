"""What it means for a data set when the disk refuses."""

from kvjob.errors import DataError, DiskFullError, KvjobError
from kvjob.store.files import FULL


def refused(problem: OSError, what: str, where: str, fix: str) -> KvjobError:
    """The error to raise: DiskFullError if no space or quota is left, else DataError.

    Args:
        problem: what the operating system said.
        what: what cannot be done, in words that the reason follows in brackets.
        where: file or folder.
        fix: what would help.
    """
    kind = DiskFullError if problem.errno in FULL else DataError
    return kind(f"{what} ({problem.strerror or problem})", where=where, fix=fix)
