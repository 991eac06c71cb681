"""Failure bundles: what is kept of an attempt that failed, for when its pod is long gone."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from kvjob.records import layout
from kvjob.records.attempt import POD, PodEnd
from kvjob.records.cause import Cause
from kvjob.records.document import Document, find_document
from kvjob.records.run import Environment
from kvjob.store import KeyMissing, Store

LOG, FAILURE = "log.txt", "failure.json"

LINES, BYTES = 500, 256 * 1024
"""The most that is kept of what a trainer wrote."""

_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|ACCESS_KEY|API_?KEY|PRIVATE", re.IGNORECASE)
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_LEAST = 6
"""Characters of a value that is worth hiding: a shorter one would blacken words."""


class Failure(Document):
    """`attempts/<n>/failure.json`: written by the trainer that failed."""

    time: datetime
    cause: Cause
    message: str
    traceback: str = ""
    """Of the exception, its own causes included."""
    stacks: str = ""
    """Where every thread was when it was written."""
    environment: Environment
    variables: Mapping[str, str] = Field(default_factory=dict)
    """Of the process: those that change how it trains, never others."""
    gpu_memory: Mapping[str, int] = Field(default_factory=dict)
    """Bytes of the allocator and of the device, and its count of out-of-memory errors; empty on a CPU."""
    process_memory: Mapping[str, int] = Field(default_factory=dict)
    """Bytes: `resident` and the largest it was, `resident_peak`."""
    cgroup_memory: Mapping[str, int] = Field(default_factory=dict)
    """Bytes `current`, `peak` and `max` (absent if unlimited), and counts of events such as `oom_kill`."""
    disk_free_bytes: Mapping[str, int] = Field(default_factory=dict)
    """By folder: where data is kept, and where temporary files go."""


@dataclass(frozen=True)
class Bundle:
    """What is kept of one attempt; each part may be absent."""

    log: str = ""
    failure: Failure | None = None
    pod: PodEnd | None = None


def read_bundle(store: Store, key: str, number: int) -> Bundle:
    """What is kept of that attempt; DataError if it is damaged."""
    try:
        log = store.read(layout.bundle(key, number, LOG)).decode(errors="replace")
    except KeyMissing:
        log = ""
    failure = find_document(store, layout.bundle(key, number, FAILURE), Failure)
    return Bundle(log, failure, find_document(store, layout.bundle(key, number, POD), PodEnd))


def without_secrets(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text without the values of variables whose names are those of secrets, and without user:password@.

    A trainer does not write them; a library in its fright may.
    """
    values = {value for name, value in environment.items() if _SECRET.search(name) and len(value) >= _LEAST}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "***")
    return _USER_IN_ADDRESS.sub("***@", text)


def last_lines(text: str, lines: int = LINES, most: int = BYTES) -> str:
    """The end of the text: so many lines and bytes at the most, as a screen shows them."""
    shown = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    if shown and not shown[-1]:
        shown.pop()
    whole = "".join(f"{line}\n" for line in shown[-lines:])
    return whole.encode()[-most:].decode(errors="ignore")
