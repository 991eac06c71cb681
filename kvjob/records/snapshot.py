"""A store as it was at one moment, read again and again at the cost of what changed."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kvjob.store import Entry, KeyMissing, Prepared, Store

CLOCK_STEP = timedelta(seconds=3)
"""A store may tell times in whole seconds, and its clock may be a little off ours: an object as fresh as
this can be written again without a visible change, so its bytes are not kept."""


class Snapshot:
    """Reads of a store answered from one listing per `refresh`; bytes are fetched when their entry changed.

    It is itself a Store, so that whatever reads records can read it. Writes go to the store below.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix
        self._entries: dict[str, Entry] = {}
        self._keys: list[str] = []
        self._kept: dict[str, tuple[Entry, bytes]] = {}

    def refresh(self) -> None:
        """List everything under the prefix; until the next call that is what there is."""
        self._entries = {entry.key: entry for entry in self._store.list(self._prefix)}
        self._keys = sorted(self._entries)
        self._kept = {key: kept for key, kept in self._kept.items() if self._entries.get(key) == kept[0]}

    @property
    def url(self) -> str:
        """The address of the store below."""
        return self._store.url

    def read(self, key: str) -> bytes:
        """All bytes under key; KeyMissing if the listing has none."""
        if not key.startswith(self._prefix):
            return self._store.read(key)
        entry = self._entries.get(key)
        if entry is None:
            raise KeyMissing(key)
        if key in self._kept:
            return self._kept[key][1]
        now = datetime.now(UTC)
        data = self._store.read(key)
        if now - entry.modified > CLOCK_STEP:
            self._kept[key] = entry, data
        return data

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object of the listing whose key begins with prefix, ordered by key."""
        for key in self._keys[bisect_left(self._keys, prefix) :]:
            if not key.startswith(prefix):
                return
            yield self._entries[key]

    def write(self, key: str, data: bytes) -> None:
        """Write to the store below; seen after the next refresh."""
        self._store.write(key, data)

    def create(self, key: str, data: bytes) -> bool:
        """Create in the store below; seen after the next refresh."""
        return self._store.create(key, data)

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Prepare in the store below; seen after the commit and the next refresh."""
        return self._store.prepare(key, data)

    def revoke(self, key: str) -> None:
        """Revoke in the store below."""
        self._store.revoke(key)

    def upload(self, key: str, path: Path) -> None:
        """Upload to the store below; seen after the next refresh."""
        self._store.upload(key, path)

    def fetch(self, key: str, folder: Path) -> Path:
        """Fetch from the store below."""
        return self._store.fetch(key, folder)

    def delete(self, key: str) -> None:
        """Delete from the store below; seen after the next refresh."""
        self._store.delete(key)
