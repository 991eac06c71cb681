"""Why an attempt ended, in kvjob's words and in a reader's."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Literal

Cause = Literal[
    "running",
    "finished",
    "diverged",
    "interrupted",
    "superseded",
    "pod-deleted",
    "evicted",
    "node-lost",
    "oom-killed",
    "lost",
    "cuda-oom",
    "hang",
    "disk-full",
    "store",
    "credentials",
    "data",
    "configuration",
    "bug",
]
"""Why an attempt ended.

- `running`: it has not, as far as is known.
- `finished`, `diverged`: with a result; diverged is a loss that stopped being finite.
- `interrupted`: asked to stop by a signal, and its state was saved.
- `superseded`: a later attempt had taken the run over.
- `pod-deleted`, `evicted`, `node-lost`: its pod was taken away, or the node under it.
- `oom-killed`: the kernel killed it for its memory (exit code 137).
- `lost`: vanished without a word, and nobody knows why.
- `cuda-oom`: the GPU's memory did not hold the micro-batch.
- `hang`: no step for so long that its watchdog ended it.
- `disk-full`: no space or quota left where it wrote.
- `store`: the store could not be reached, refused what was asked of it, or lost what it had taken.
- `credentials`: the store refused the credentials, or they had expired.
- `data`: data, weights or records missing or damaged.
- `configuration`: refused; nothing was trained.
- `bug`: a defect of kvjob.
"""

WELL: tuple[Cause, ...] = ("running", "finished", "diverged", "interrupted", "superseded")
"""Causes that are no failure: of such an attempt no more than its log is kept."""

WORDS: Mapping[Cause, str] = MappingProxyType(
    {
        "running": "running",
        "finished": "finished",
        "diverged": "loss not finite",
        "interrupted": "interrupted",
        "superseded": "taken over by a later attempt",
        "pod-deleted": "pod deleted",
        "evicted": "pod evicted",
        "node-lost": "node gone",
        "oom-killed": "killed for its memory",
        "lost": "vanished",
        "cuda-oom": "GPU out of memory",
        "hang": "no progress",
        "disk-full": "disk full",
        "store": "store failed",
        "credentials": "credentials refused",
        "data": "data missing or damaged",
        "configuration": "configuration refused",
        "bug": "defect of kvjob",
    }
)
"""Each cause as a person reads it, to follow "attempt 3: "."""


def endings(causes: Iterable[Cause]) -> str:
    """How attempts ended, in order and in words; those that ended alike one after the other are counted."""
    alike = ((cause, len(list(each))) for cause, each in groupby(causes))
    return ", ".join(WORDS[cause] if number == 1 else f"{number} × {WORDS[cause]}" for cause, number in alike)
