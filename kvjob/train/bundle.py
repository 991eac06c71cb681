"""What a failing trainer leaves of itself beside the record of its attempt."""

import os
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch

from kvjob.errors import KvjobError
from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.cause import WELL
from kvjob.records.document import write_document
from kvjob.records.failure import FAILURE, LOG, Failure, without_secrets
from kvjob.store import Store
from kvjob.train.cgroup import cgroup_memory
from kvjob.train.device import process_peak_bytes
from kvjob.train.environment import environment
from kvjob.train.output import Output
from kvjob.train.stacks import stacks

VARIABLES = (
    *("KVJOB_CACHE", "KVJOB_IMAGE", "KVJOB_NODE", "KVJOB_POD", "KVJOB_STORE", "KVJOB_SUBMISSION"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"),
    *("CUBLAS_WORKSPACE_CONFIG", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF", "CUDA_LAUNCH_BLOCKING"),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONFAULTHANDLER", "PYTHONHASHSEED", "TMPDIR", "TZ", "LANG"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "AWS_REGION"),
)
"""Variables whose values are kept. Whatever is not named here is not: it may be a secret."""

MOST = 64_000
"""Characters of the traceback that are kept: its end."""


class FailureBundle:
    """The files of one attempt, written by the trainer. Nothing here ever fails the run.

    Args:
        store: where the run lies.
        key: of the run.
        number: of the attempt.
        device: where the network runs.
        cache: folder for data.
        output: what the process wrote; None if that is not remembered.
    """

    def __init__(
        self, store: Store, key: str, number: int, device: torch.device, cache: Path, output: Output | None
    ) -> None:
        self._store, self._key, self._number = store, key, number
        self._device, self._cache, self._output = device, cache, output
        self._written = ""

    def progressed(self) -> None:
        """Keep the log as it is now, if it has changed, so that a kill leaves something."""
        text = self._output.text() if self._output else ""
        if text == self._written:
            return
        try:
            self._store.write(layout.bundle(self._key, self._number, LOG), text.encode())
        except KvjobError:  # whoever writes the checkpoint meets the same, and says so
            return
        self._written = text

    def ended(self, attempt: Attempt) -> None:
        """Keep the log, and of a failure all that shows where it came from, while it is being handled."""
        self.progressed()
        if attempt.cause in WELL:
            return
        try:
            document = self._failure(attempt)
            write_document(self._store, layout.bundle(self._key, self._number, FAILURE), document)
        except (KvjobError, OSError, RuntimeError):  # torch raises the latter where a GPU is beyond asking
            return

    def _failure(self, attempt: Attempt) -> Failure:
        trace = traceback.format_exc() if sys.exc_info()[0] else ""
        return Failure(
            time=datetime.now(UTC),
            cause=attempt.cause,
            message=without_secrets(attempt.message),
            traceback=without_secrets(trace)[-MOST:],
            stacks=stacks(),
            environment=environment(self._device),
            variables={
                name: without_secrets(os.environ[name]) for name in sorted(VARIABLES) if name in os.environ
            },
            gpu_memory=_gpu_memory(self._device),
            process_memory=_process_memory(),
            cgroup_memory=cgroup_memory(),
            disk_free_bytes=_disk_free(self._cache, Path(tempfile.gettempdir())),
        )


def _gpu_memory(device: torch.device) -> Mapping[str, int]:
    if device.type != "cuda":
        return {}
    try:
        stats = torch.cuda.memory_stats(device)
        free, total = torch.cuda.mem_get_info(device)
    except RuntimeError:  # after some errors the device answers nothing any more
        return {}
    kept = {
        "allocated": "allocated_bytes.all.current",
        "allocated_peak": "allocated_bytes.all.peak",
        "reserved": "reserved_bytes.all.current",
        "reserved_peak": "reserved_bytes.all.peak",
        "ooms": "num_ooms",
        "retries": "num_alloc_retries",
    }
    return {**{name: int(stats.get(of, 0)) for name, of in kept.items()}, "free": free, "total": total}


def _process_memory() -> Mapping[str, int]:
    found = {"resident_peak": process_peak_bytes()}
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return found
    return {"resident": pages * resource.getpagesize(), **found}


def _disk_free(*folders: Path) -> Mapping[str, int]:
    found = {}
    for folder in folders:
        there = next((each for each in (folder, *folder.parents) if each.exists()), None)
        if there is not None:
            found[str(folder)] = shutil.disk_usage(there).free
    return found
