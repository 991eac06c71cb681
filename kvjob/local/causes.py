"""Why a trainer process ended, and how often it is worth another attempt."""

import signal
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from kvjob.errors import ExitCode
from kvjob.records import budget, cause
from kvjob.records.budget import Budget

Cause = cause.Cause | Literal["not-started", "exhausted"]
"""Those of an attempt, as far as an exit code tells them apart; a process that died of a signal is `lost`.

`not-started` is a process that the operating system refused to create; `exhausted` one that refused because
a cause has used up its budget.
"""

FINAL: tuple[Cause, ...] = ("data", "configuration", "exhausted", "bug")
"""Causes that another attempt would meet again."""

_CAUSES: Mapping[int, Cause] = MappingProxyType(
    {
        ExitCode.OK: "finished",
        ExitCode.DATA: "data",
        ExitCode.CUDA_OOM: "cuda-oom",
        ExitCode.STORE: "store",
        ExitCode.INTERRUPTED: "interrupted",
        ExitCode.EXHAUSTED: "exhausted",
        ExitCode.CONFIGURATION: "configuration",
    }
)


_OWN: dict[Cause, Budget] = {"not-started": Budget(4, "See why it cannot be started", pause=5.0)}

BUDGETS: Mapping[Cause, Budget] = MappingProxyType(_OWN | dict(budget.BUDGETS))
"""Those of the trainer, who knows more causes: when it refuses, its word holds."""


def cause_of(exit_code: int) -> Cause:
    """The cause behind a process's exit code; negative is the number of the signal that killed it."""
    if exit_code in (-signal.SIGTERM, 128 + signal.SIGTERM):
        # It was asked to stop before it could listen, and had nothing to save yet.
        return "interrupted"
    if exit_code in (-signal.SIGALRM, 128 + signal.SIGALRM):
        # By the trainer's watchdog, which native code kept from ending it in order.
        return "hang"
    if exit_code < 0 or exit_code > 128:
        return "lost"
    return _CAUSES.get(exit_code, "bug")


def killed_by(exit_code: int) -> str:
    """The signal behind the exit code of a killed process, in words."""
    number = -exit_code if exit_code < 0 else exit_code - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    hint = " (out of memory? then use fewer --jobs)" if number == signal.SIGKILL else ""
    return f"killed by {name}{hint}"
