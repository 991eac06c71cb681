"""What two equal studies must have equal, byte for byte."""

from kvjob.records import layout
from kvjob.store import Store

OWN = ("/attempts/", "/environment.json")
"""What tells where and when a run was trained, and how often it was interrupted."""


def kept(store: Store) -> dict[str, bytes]:
    """All that runs leave but that, by key."""
    return {
        entry.key: store.read(entry.key)
        for entry in store.list(layout.RUNS)
        if not any(part in entry.key for part in OWN)
    }
