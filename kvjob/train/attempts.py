"""The record of this attempt at a run."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from kvjob.errors import Exhausted
from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming, node_name, read_attempts
from kvjob.records.budget import ADVICE, BUDGETS, SUBMISSION, exhausted
from kvjob.records.cause import Cause
from kvjob.records.document import document_bytes, write_document
from kvjob.records.live import Live
from kvjob.store import Store
from kvjob.train.bundle import FailureBundle
from kvjob.train.device import device_name, peak_memory_bytes

LEAST_MICRO_BATCH = 2
"""BatchNorm has no variance over one image."""


class AttemptLog:
    """Opens an attempt and keeps its record; earlier attempts that vanished are marked as lost.

    Of trainers that begin at once, each becomes an attempt of its own.

    Args:
        store: where the run lies.
        key: of the run.
        batch_size: of its configuration.
        device: where the network runs.
        live: shows the attempts.
        again: whether somebody asks for it who has mended what ended the attempts before.
        outages: grows with what was met and outlasted; the record's warnings have it at the end.

    Raises:
        Exhausted: what ended the last attempt has used up its budget; no attempt is opened.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        batch_size: int,
        device: torch.device,
        live: Live,
        again: bool = False,
        outages: Sequence[str] = (),
    ) -> None:
        self._store, self._key, self._device, self._live = store, key, device, live
        self._outages, self._again, self._saved = outages, again, 0
        self.bundle: FailureBundle | None = None
        """What is kept beside the record, if anything."""
        earlier = self._open(batch_size)
        while not store.create(layout.attempt(key, self.record.number), document_bytes(self.record)):
            earlier = self._open(batch_size)  # another trainer was given this number at the same moment
        live.attempts = (*earlier, self.record)

    def _open(self, batch_size: int) -> list[Attempt]:
        """Make the record that follows those in the store, which are returned."""
        earlier = read_attempts(self._store, self._key)
        if earlier and earlier[-1].cause == "running":
            lost = {"cause": "lost", "ended": earlier[-1].last_seen, "message": "ended without a word"}
            earlier[-1] = earlier[-1].model_copy(update=lost)
            self.write(earlier[-1])
        submission = _submission(earlier, self._again)
        _refuse_if_exhausted(earlier, submission, self._key)
        now = datetime.now(UTC)
        self.record = Attempt(
            number=earlier[-1].number + 1 if earlier else 1,
            started=now,
            last_seen=now,
            node=node_name(),
            pod=os.environ.get("KVJOB_POD", ""),
            device=device_name(self._device),
            device_kind="cuda" if self._device.type == "cuda" else "cpu",
            pid=os.getpid(),
            micro_batch=_micro_batch(earlier, batch_size, submission),
            submission=submission,
            metrics_study=self._live.study if self._live.watched else "",
        )
        return earlier

    def note(self, **changes: Any) -> None:
        """Change fields of the record; nothing is written yet."""
        self.record = self.record.model_copy(update=changes)
        self._live.attempts = (*self._live.attempts[:-1], self.record)

    def epoch(self, timing: EpochTiming) -> Attempt:
        """The record with one more epoch, to be written with its checkpoint."""
        self.note(
            epochs=(*self.record.epochs, timing),
            last_seen=datetime.now(UTC),
            peak_memory_bytes=peak_memory_bytes(self._device),
        )
        return self.record

    def end(self, cause: Cause, exit_code: int, message: str = "") -> None:
        """Close and write the record."""
        now = datetime.now(UTC)
        self.note(cause=cause, exit_code=exit_code, message=message, ended=now, last_seen=now)
        self.note(peak_memory_bytes=peak_memory_bytes(self._device), saved=self._saved)
        self.note(warnings=(*self.record.warnings, *self._outages))
        self.write(self.record)
        if self.bundle is not None:
            self.bundle.ended(self.record)

    def saved(self, record: Attempt) -> None:
        """Write a record whose last epoch's checkpoint is in the store; for the writer's thread."""
        self._saved = record.epochs[-1].epoch
        self.write(record.model_copy(update={"saved": self._saved}))
        if self.bundle is not None:
            self.bundle.progressed()

    def write(self, record: Attempt) -> None:
        """Put a record into the store."""
        write_document(self._store, layout.attempt(self._key, record.number), record)


def _submission(earlier: list[Attempt], again: bool) -> str:
    if again:
        return f"attempt {len(earlier) + 1}"
    return os.environ.get(SUBMISSION) or (earlier[-1].submission if earlier else "")


def _refuse_if_exhausted(earlier: list[Attempt], submission: str, key: str) -> None:
    why = exhausted(earlier, submission)
    if _least_too_large(earlier) and earlier[-1].submission == submission:
        why = f"the GPU's memory does not hold {earlier[-1].micro_batch} images, and fewer cannot be trained"
    if why:
        last = earlier[-1]
        said = f" ({last.message.splitlines()[0][:200]})" if last.message else ""
        fix = f"{BUDGETS[last.cause].fix}; {ADVICE}"
        raise Exhausted(f"no attempt {last.number + 1}: {why}{said}", where=f"run {key}", fix=fix)


def _least_too_large(earlier: list[Attempt]) -> bool:
    """Whether the least micro-batch was too large, in an attempt that got no further."""
    if not earlier or earlier[-1].cause != "cuda-oom" or earlier[-1].saved > earlier[-1].resumed_from:
        return False
    return earlier[-1].micro_batch <= LEAST_MICRO_BATCH


def _micro_batch(earlier: list[Attempt], batch_size: int, submission: str) -> int:
    """Half of what last ran out of GPU memory, else what last ran, else the batch.

    Who asks anew after the least was too large has another GPU, which may hold the whole batch.
    """
    if not earlier or earlier[-1].micro_batch < LEAST_MICRO_BATCH:
        return batch_size
    last = earlier[-1]
    if _least_too_large(earlier) and last.submission != submission:
        return batch_size
    return max(LEAST_MICRO_BATCH, last.micro_batch // 2) if last.cause == "cuda-oom" else last.micro_batch
