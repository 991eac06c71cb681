"""What an attempt's record calls the error that ended it."""

from kvjob.errors import CredentialsError, DiskFullError, ExitCode, KvjobError, Superseded
from kvjob.records.cause import Cause
from kvjob.train.checkpoint import BestLost
from kvjob.train.watchdog import Hang

_BY_KIND: tuple[tuple[type[KvjobError], Cause], ...] = (
    (CredentialsError, "credentials"),
    (BestLost, "store"),
    (DiskFullError, "disk-full"),
    (Hang, "hang"),
    (Superseded, "superseded"),
)
"""Errors that share an exit code with others, because what a scheduler does next is the same."""

_BY_CODE: dict[ExitCode, Cause] = {
    ExitCode.DATA: "data",
    ExitCode.BUG: "bug",
    ExitCode.CUDA_OOM: "cuda-oom",
    ExitCode.STORE: "store",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.CONFIGURATION: "configuration",
}


def cause_of(error: KvjobError) -> Cause:
    """The cause recorded for an attempt that this error ended."""
    return next((cause for kind, cause in _BY_KIND if isinstance(error, kind)), _BY_CODE[error.exit_code])
