"""A store that counts: how long it takes, how often it is asked, how often it fails."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, Metric

from kvjob.errors import StoreError
from kvjob.store import Entry, Prepared, Store

OPERATIONS = ("read", "write", "upload", "fetch", "list", "delete")

T = TypeVar("T")


class MeteredStore(Store):
    """The store below, with its operations counted; may be shared by threads.

    An operation is one call, with all the retries that the store makes before it gives up. That an object is
    missing is an answer, not an error.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._seconds = dict.fromkeys(OPERATIONS, 0.0)
        self._calls = dict.fromkeys(OPERATIONS, 0)
        self._errors = dict.fromkeys(OPERATIONS, 0)

    @property
    def url(self) -> str:
        """The address of the store below."""
        return self._store.url

    def read(self, key: str) -> bytes:
        """Read from the store below."""
        return self._timed("read", lambda: self._store.read(key))

    def write(self, key: str, data: bytes) -> None:
        """Write to the store below."""
        self._timed("write", lambda: self._store.write(key, data))

    def create(self, key: str, data: bytes) -> bool:
        """Create in the store below; counts as a write."""
        return self._timed("write", lambda: self._store.create(key, data))

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Prepare in the store below; that and the commit count as a write each."""
        prepared = self._timed("write", lambda: self._store.prepare(key, data))
        return _MeteredCommit(prepared, lambda: self._timed("write", prepared.commit))

    def revoke(self, key: str) -> None:
        """Revoke in the store below; counts as a deletion."""
        self._timed("delete", lambda: self._store.revoke(key))

    def upload(self, key: str, path: Path) -> None:
        """Upload to the store below."""
        self._timed("upload", lambda: self._store.upload(key, path))

    def fetch(self, key: str, folder: Path) -> Path:
        """Fetch from the store below."""
        return self._timed("fetch", lambda: self._store.fetch(key, folder))

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """List the store below."""
        return self._timed("list", lambda: self._store.list(prefix))

    def delete(self, key: str) -> None:
        """Delete from the store below."""
        self._timed("delete", lambda: self._store.delete(key))

    def families(self, names: Sequence[str] = (), values: Sequence[str] = ()) -> Iterator[Metric]:
        """What was counted, with these labels beside `operation`."""
        counted: tuple[tuple[str, str, dict[str, float]], ...] = (
            ("kvjob_store_seconds", "Seconds that operations of the store took", {**self._seconds}),
            ("kvjob_store_operations", "Operations of the store", {**self._calls}),
            ("kvjob_store_errors", "Operations of the store that failed after its retries", {**self._errors}),
        )
        for name, words, numbers in counted:
            family = CounterMetricFamily(name, words, labels=(*names, "operation"))
            for operation, number in numbers.items():
                family.add_metric((*values, operation), number)
            yield family

    def _timed(self, operation: str, call: Callable[[], T]) -> T:
        begin, failed = time.perf_counter(), 0
        try:
            return call()
        except StoreError:
            failed = 1
            raise
        finally:
            with self._lock:
                self._seconds[operation] += time.perf_counter() - begin
                self._calls[operation] += 1
                self._errors[operation] += failed


class _MeteredCommit(Prepared):
    """What waits in the store below, its commit counted."""

    def __init__(self, prepared: Prepared, commit: Callable[[], bool]) -> None:
        self._prepared, self._commit = prepared, commit

    def commit(self) -> bool:
        return self._commit()

    def discard(self) -> None:
        self._prepared.discard()
