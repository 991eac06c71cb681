"""Why a trainer process ended, and how often it is worth another attempt."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from kvjob.errors import ExitCode

Cause = Literal[
    "finished",
    "interrupted",
    "killed",
    "cuda-oom",
    "store",
    "not-started",
    "data",
    "configuration",
    "exhausted",
    "bug",
]
"""`not-started` is a process that the operating system refused to create; `killed` died of a signal."""

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


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a run is retried after one cause."""

    retries: int
    pause: float = 0.0
    """Seconds before the first retry; each further one waits twice as long."""

    def wait(self, spent: int) -> float | None:
        """Seconds to wait after `spent` retries, None if there is no further one."""
        return self.pause * 2**spent if spent < self.retries else None


NO_BUDGET = Budget(0)

BUDGETS: Mapping[Cause, Budget] = MappingProxyType(
    {
        "killed": Budget(3, pause=1.0),
        "interrupted": Budget(3),
        "cuda-oom": Budget(4),
        "store": Budget(3, pause=5.0),
        "not-started": Budget(3, pause=5.0),
    }
)
"""How often to retry after each cause; after any other, never."""


def cause_of(exit_code: int) -> Cause:
    """The cause behind a process's exit code; negative is the number of the signal that killed it."""
    if exit_code in (-signal.SIGTERM, 128 + signal.SIGTERM):
        # It was asked to stop before it could listen, and had nothing to save yet.
        return "interrupted"
    if exit_code < 0 or exit_code > 128:
        return "killed"
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
