"""What kvjob asks of a place that keeps bytes under keys."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class KeyMissing(KeyError):  # noqa: N818  (an answer, not a defect)
    """No object lies under this key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a listing."""

    key: str
    size: int
    """Bytes."""
    modified: datetime
    """Time of the last write, with time zone."""


class Prepared(Protocol):
    """Bytes that wait in the store, seen by nobody, to take a key's place."""

    def commit(self) -> bool:
        """Put them under the key, at once; False, and nothing happens, if they were revoked before."""

    def discard(self) -> None:
        """Give them up; nothing happens if they were committed or revoked."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is there so far of an object that is being written, or whose writer was interrupted."""

    key: str
    """Where it lies, as the place calls it; no object can be read under it."""
    size: int
    """Bytes so far."""
    modified: datetime
    """Time of the last sign of life of its writer, with time zone."""
    upload: str = ""
    """Identifier of an S3 upload."""


class Store(Protocol):
    """Objects under `/`-separated keys, written whole: a reader sees all of an object or none of it.

    Keys are relative, without empty, `.` or `..` parts; anything else raises ConfigurationError.
    Every method raises StoreError when the place cannot be reached, read or written.
    """

    @property
    def url(self) -> str:
        """The address as a user would give it, without credentials."""

    def read(self, key: str) -> bytes:
        """All bytes under key; KeyMissing if there are none."""

    def write(self, key: str, data: bytes) -> None:
        """Put data under key, replacing what was there."""

    def create(self, key: str, data: bytes) -> bool:
        """Put data under key unless something is there; of many that try at once exactly one gets True.

        Give each its own data: where the answer to a request is lost, equal data count as one's own.
        """

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Bring data to the store, to be put under key by its `commit`.

        Who prepares, then asks whether it may, then commits, can be stopped for good by who first forbids it
        and then revokes: whatever was prepared by then is never committed, even by a process that slept.
        """

    def revoke(self, key: str) -> None:
        """Make every commit under key fail that was prepared before this call and has not happened yet."""

    def upload(self, key: str, path: Path) -> None:
        """Put a file's bytes under key without holding them in memory."""

    def fetch(self, key: str, folder: Path) -> Path:
        """A local, read-only file with the bytes under key; KeyMissing if there are none.

        A directory store answers with its own file and copies nothing; any other downloads into
        folder/key once, and answers with that file while its size matches.
        """

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object whose key begins with prefix, ordered by key."""

    def delete(self, key: str) -> None:
        """Remove the object under key; nothing happens if there is none."""


class CleanableStore(Store, Protocol):
    """A store that can be cleaned up."""

    def unfinished(self) -> Iterator[Unfinished]:
        """Everything unfinished, ordered by key, as far as the place tells; nothing is removed."""

    def discard(self, unfinished: Unfinished) -> None:
        """Remove it; nothing happens if it has been finished, written to or removed since it was listed."""

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove the objects under keys, in any order; those that are not there are passed over."""
