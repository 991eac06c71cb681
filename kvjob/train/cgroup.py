"""What the kernel counts of the memory of this process's container."""

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path("/sys/fs/cgroup")

_FILES = {
    "memory.current": "current",
    "memory.peak": "peak",
    "memory.max": "max",
    "memory/memory.usage_in_bytes": "current",
    "memory/memory.max_usage_in_bytes": "peak",
    "memory/memory.limit_in_bytes": "max",
}
"""Files of version 2 and of version 1 with one number, and what it is called in both."""

_COUNTS = ("memory.events", "memory/memory.oom_control")

UNLIMITED = 2**60
"""Bytes from which on a limit is none: version 1 has no word for that."""


def cgroup_memory(folder: Path = FOLDER) -> Mapping[str, int]:
    """Bytes `current`, `peak` and `max`, and counts such as `oom_kill`; what is not told is absent."""
    found = {name: int(text) for file, name in _FILES.items() if (text := _read(folder / file)).isdigit()}
    if found.get("max", 0) >= UNLIMITED:
        del found["max"]
    for file in _COUNTS:
        pairs = [line.split() for line in _read(folder / file).splitlines()]
        # version 2 has a limit and a count of times that it was met, both called `max`
        found |= {"met_max" if name == "max" else name: int(number) for name, number in pairs}
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
