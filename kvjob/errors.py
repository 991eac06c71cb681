"""What a user is told when something is wrong, and the exit code that tells a scheduler what to do next."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every kvjob process; 64 to 78 are those of BSD's sysexits."""

    OK = 0
    """Finished, or had finished already. A diverged run is a result, not a failure."""
    RUNS_FAILED = 1
    """`kvjob run`: at least one run of the study has no result."""
    DATA = 65
    """Data missing or damaged; a retry would meet the same."""
    BUG = 70
    """A defect of kvjob; the traceback is kept."""
    CUDA_OOM = 71
    """The GPU's memory did not hold the micro-batch; the next attempt halves it."""
    STORE = 74
    """The store could not be reached after its own retries, refuses the credentials, or a disk is full."""
    INTERRUPTED = 75
    """Stopped with its state saved: by a signal, by a later attempt, or because nothing moved any more."""
    EXHAUSTED = 76
    """So many attempts in a row ended for the same cause that another one is pointless; nothing was begun."""
    CONFIGURATION = 78
    """Refused: the message names the field, the value and what is allowed."""


def shown(text: str, kept: str = "\n") -> str:
    """Text whose control characters, which could steer a terminal, are written out, except those of kept."""
    return "".join(sign if sign.isprintable() or sign in kept else ascii(sign)[1:-1] for sign in text)


class KvjobError(Exception):
    """A condition that ends a command with one message and an exit code, never with a traceback.

    Args:
        what: what is wrong, as a sentence without a full stop.
        where: the file, field, key or address at which it is wrong.
        fix: what would be right, as a sentence without a full stop.
    """

    exit_code = ExitCode.BUG

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what, self.where, self.fix = shown(what), shown(where, kept=""), shown(fix)
        super().__init__(f"{self.where}: {self.what}. {self.fix}.")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword arguments when the error crosses a process boundary."""
        return _rebuild, (type(self), self.what, self.where, self.fix)


def _rebuild(kind: type[KvjobError], what: str, where: str, fix: str) -> KvjobError:
    return kind(what, where=where, fix=fix)


class ConfigurationError(KvjobError):
    """A study, a configuration or a command line asks for something that cannot be."""

    exit_code = ExitCode.CONFIGURATION


class DataError(KvjobError):
    """Images, masks, splits, packs or weights are missing or damaged."""

    exit_code = ExitCode.DATA


class StoreError(KvjobError):
    """The store is unreachable, refuses what is asked of it, or cannot be written."""

    exit_code = ExitCode.STORE


class StoreAwayError(StoreError):
    """The store does not answer, or answers that it cannot serve now; it may well do so later."""


class DiskFullError(StoreError):
    """No space or quota is left where something must be written."""


class CredentialsError(StoreError):
    """The store was reached, and refuses the credentials, or they have expired."""


class Exhausted(KvjobError):  # noqa: N818  (an event, not a defect)
    """A cause of failed attempts has used up its budget."""

    exit_code = ExitCode.EXHAUSTED


class Superseded(KvjobError):  # noqa: N818  (an event, not a defect)
    """A later attempt has taken the run over; this one has stopped and changes nothing of it any more."""

    exit_code = ExitCode.INTERRUPTED


class Interrupted(KvjobError):  # noqa: N818  (an event, not a defect)
    """A signal asked the process to stop, and its state is saved."""

    exit_code = ExitCode.INTERRUPTED
