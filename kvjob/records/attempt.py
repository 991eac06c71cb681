"""Attempts: every start of a trainer on a run, how it ended, and what it cost."""

import os
import platform
import re
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.cause import Cause
from kvjob.records.document import Document, read_document
from kvjob.store import Entry, KeyMissing, Store


class EpochTiming(BaseModel):
    """What one epoch cost."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

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
    started: AwareDatetime
    last_seen: AwareDatetime
    """Time of the last sign of life."""
    ended: AwareDatetime | None = None
    cause: Cause = "running"
    exit_code: int | None = None
    message: str = ""
    node: str = ""
    pod: str = ""
    """Name of its pod; empty outside a cluster."""
    device: str = ""
    """Name of the GPU or CPU."""
    device_kind: Literal["cpu", "cuda"] = "cpu"
    pid: int = 0
    micro_batch: int = 0
    """Images per forward pass; smaller than the batch after a CUDA out-of-memory."""
    submission: str = ""
    """What asked for it: a workflow's uid, one call of `kvjob run`; causes have their budget within one."""
    resumed_from: int = 0
    """Epoch of the checkpoint it continued, 0 if it began anew."""
    saved: int = 0
    """Last epoch of its own whose checkpoint the store has, 0 if there is none."""
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
    def told(self) -> bool:
        """Whether its trainer lived to tell its cause."""
        return self.cause not in ("running", "lost")

    @property
    def seconds(self) -> float:
        """Wall time between the start and the last sign of life."""
        return ((self.ended or self.last_seen) - self.started).total_seconds()


class PodEvent(BaseModel):
    """One event that a cluster recorded of a pod, or the same one several times."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    type: str
    """`Normal` or `Warning`."""
    reason: str
    message: str
    count: int
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None


class PodEnd(Document):
    """`attempts/<n>/pod.json`: how the pod of an attempt ended, as the cluster tells."""

    pod: str
    node: str = ""
    cause: Cause
    """`lost` if the cluster does not tell it either."""
    message: str
    """The same in words."""
    seen: AwareDatetime
    """When the end was noticed."""
    phase: str = ""
    """Of the pod: `Failed`, or what it was in when it vanished."""
    reason: str = ""
    """Of the pod, as `Evicted`; or of its disruption, as `EvictionByEvictionAPI`."""
    exit_code: int | None = None
    """Of the container that trained, as the three below; None if it was not told."""
    signal: int | None = None
    container_reason: str = ""
    """As `OOMKilled`."""
    started: AwareDatetime | None = None
    finished: AwareDatetime | None = None
    node_condition: str = ""
    """What is wrong with the node; empty if nothing is, or it may not be asked."""
    events: tuple[PodEvent, ...] = ()
    """Oldest first."""

    def explains(self, attempt: Attempt) -> Attempt:
        """The attempt with this cause, unless its trainer lived to tell the cause itself."""
        if attempt.told:
            return attempt
        told = {"cause": self.cause, "message": self.message}
        # a pod of an attempt that is still `running` is over all the same
        return attempt.model_copy(update={**told, "ended": attempt.ended or self.finished or self.seen})


POD = "pod.json"
"""Name of a PodEnd among what is kept of an attempt."""


def node_name() -> str:
    """What attempts of this machine or pod call the place they run at."""
    return os.environ.get("KVJOB_NODE", platform.node())


_RECORD = re.compile(r"/attempts/(\d{4,})(\.json|/pod\.json)$")


def read_attempts(store: Store, key: str) -> list[Attempt]:
    """All attempts of a run, oldest first; those that could not tell their cause have it from the cluster.

    One whose record is damaged counts as lost, and says so: a record tells what an attempt cost, and nothing
    that the run needs to go on. It may not stop the run, or the study that it is one of.
    """
    return [explained(store, record, pod) for record, pod in _listed(store, key)]


def written_attempts(store: Store, key: str) -> tuple[Attempt, ...]:
    """All records of a run's attempts as they stand, oldest first; DataError if one is damaged.

    For who must not take a damaged record of a living trainer for one that is lost.
    """
    return tuple(read_document(store, record.key, Attempt) for record, _ in _listed(store, key))


def _listed(store: Store, key: str) -> list[tuple[Entry, Entry | None]]:
    """Each attempt's record, oldest first, and its pod's end if that was told."""
    found: dict[int, dict[str, Entry]] = {}
    for entry in store.list(layout.run(key, "attempts/")):
        if name := _RECORD.search(entry.key):
            found.setdefault(int(name[1]), {})[name[2]] = entry
    return [(files[".json"], files.get(f"/{POD}")) for _, files in sorted(found.items()) if ".json" in files]


def explained(store: Store, record: Entry, pod: Entry | None) -> Attempt:
    """An attempt's record, with the cause that its pod's end tells if there is one and it is needed."""
    attempt = _read(store, record)
    if pod is None or attempt.told:
        return attempt
    try:
        return read_document(store, pod.key, PodEnd).explains(attempt)
    except (DataError, KeyMissing):  # evidence may be damaged or cleaned away; the record still holds
        return attempt


def _read(store: Store, entry: Entry) -> Attempt:
    try:
        return read_document(store, entry.key, Attempt)
    except DataError as error:
        # the store tells when it was written last, which is all that is left of it
        at, number = entry.modified, int(entry.key.rsplit("/", 1)[1].removesuffix(".json"))
        return Attempt(number=number, started=at, last_seen=at, ended=at, cause="lost", message=str(error))
