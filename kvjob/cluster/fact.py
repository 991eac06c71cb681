"""What a cluster knows of one run."""

from dataclasses import dataclass
from typing import Literal

Phase = Literal["waiting", "starting", "running", "retrying", "done", "failed"]


@dataclass(frozen=True, slots=True)
class RunFact:
    """Where the workflow that trains a run stands with it."""

    phase: Phase
    """`waiting` for something, `starting`, `running`, `retrying` after a pause, `done`, or `failed`: nothing
    more is done for it."""
    why: str = ""
    """What it waits for, or why it failed, in a few words."""
    detail: str = ""
    """What the cluster said, on one line."""
    node: str = ""
    """Node of its pod, once it has one."""
