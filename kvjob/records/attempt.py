"""Attempts: every start of a trainer on a run, how it ended, and what it cost."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.records import layout
from kvjob.records.document import Document, read_document
from kvjob.store import Store

Cause = Literal[
    "running",
    "finished",
    "diverged",
    "interrupted",
    "lost",
    "cuda-oom",
    "data",
    "store",
    "configuration",
    "bug",
]
"""Why an attempt ended; `lost` is one that vanished without a word (killed, node gone, power cut)."""

RETRIED = ("running", "interrupted", "lost", "cuda-oom", "store")
"""Causes after which another attempt can succeed without anybody changing anything."""


class EpochTiming(BaseModel):
    """What one epoch cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    seconds: float
    """From the start of training to the end of validation."""
    images_per_second: float
    """Training images divided by the seconds spent training them."""
    phases: dict[str, float]
    """Seconds in `data`, `step`, `validation` and `checkpoint`, as far as the loop waited for them."""


class Attempt(Document):
    """`attempts/<n>.json`: written at the start, after every epoch, and at the end."""

    number: int
    """Numbered from 1."""
    started: datetime
    last_seen: datetime
    """Time of the last sign of life."""
    ended: datetime | None = None
    cause: Cause = "running"
    exit_code: int | None = None
    message: str = ""
    node: str = ""
    device: str = ""
    """Name of the GPU or CPU."""
    device_kind: Literal["cpu", "cuda"] = "cpu"
    pid: int = 0
    micro_batch: int = 0
    """Images per forward pass; smaller than the batch after a CUDA out-of-memory."""
    resumed_from: int = 0
    """Epoch of the checkpoint it continued, 0 if it began anew."""
    warnings: tuple[str, ...] = ()
    """What was met and mended, such as a damaged checkpoint."""
    epochs: tuple[EpochTiming, ...] = ()
    peak_memory_bytes: int = 0
    """Largest memory of the device, or of the process on a CPU."""
    store_seconds: float = 0.0
    """Seconds that training, once over, waited for the store to take the last checkpoint."""
    metrics_study: str = ""
    """Study under whose name its trainer served metrics while it ran; empty if it served none."""

    @property
    def seconds(self) -> float:
        """Wall time between the start and the last sign of life."""
        return ((self.ended or self.last_seen) - self.started).total_seconds()


def read_attempts(store: Store, key: str) -> list[Attempt]:
    """All attempts of a run, oldest first."""
    entries = store.list(layout.run(key, "attempts/"))
    return [read_document(store, entry.key, Attempt) for entry in entries if entry.key.endswith(".json")]
