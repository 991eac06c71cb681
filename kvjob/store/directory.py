"""A directory as a store: keys are paths below it."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kvjob.errors import StoreError
from kvjob.store.base import CleanableStore, Entry, KeyMissing, Prepared, Unfinished
from kvjob.store.files import disk_errors, replacing, settle, settle_new, stage, staged, sweep
from kvjob.store.keys import PART, check_key, check_prefix, is_key

_COPY_BYTES = 1 << 20


class DirectoryStore(CleanableStore):
    """Objects are the files below a root, which is made by the first write.

    A write survives a power cut once it has returned. As in any file system, no object's key can be the
    folder of another's: writing `a` where `a/b` lies, or the other way round, raises StoreError. Symbolic
    links below the root are refused, so that no key leads out of it.

    Args:
        root: any path; a relative one is taken from the current directory of this moment.
    """

    def __init__(self, root: str | Path) -> None:
        self._url = str(Path(root).absolute())
        self._root = Path(os.path.realpath(root))

    @property
    def url(self) -> str:
        """The root as an absolute path."""
        return self._url

    def read(self, key: str) -> bytes:
        """All bytes under key; KeyMissing if there are none, or only a folder of that name."""
        path = self._existing(key)
        with disk_errors(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                raise KeyMissing(key) from None

    def write(self, key: str, data: bytes) -> None:
        """Put data under key; it is on the disk when this returns."""
        path = self._path(key)
        with disk_errors(path, need=len(data)), replacing(path) as file:
            file.write(data)

    def create(self, key: str, data: bytes) -> bool:
        """Put data under key unless something is there; StoreError where there are no hard links."""
        path = self._path(key)
        with disk_errors(path):
            return settle_new(stage(path, data), path)

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Write data to a file beside that of key, which a commit renames."""
        path = self._path(key)
        with disk_errors(path):
            return _Staged(stage(path, data), path)

    def revoke(self, key: str) -> None:
        """Remove the files that wait to become that of key."""
        path = self._path(key)
        with disk_errors(path):
            for part in staged(path):
                part.unlink(missing_ok=True)

    def upload(self, key: str, path: Path) -> None:
        """Copy a file to key; the copy is on the disk when this returns."""
        target = self._path(key)
        with disk_errors(path):
            source = path.open("rb")
        with source, disk_errors(target, need=os.fstat(source.fileno()).st_size), replacing(target) as file:
            shutil.copyfileobj(source, file, _COPY_BYTES)

    def fetch(self, key: str, folder: Path) -> Path:  # noqa: ARG002  (no copy is made)
        """The object's own file, not to be written to; KeyMissing if there is none."""
        return self._existing(key)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object whose key begins with prefix; what killed writers left on the way is removed."""
        check_prefix(prefix)
        self._check_root()
        with disk_errors(self._root / prefix):
            return iter(sorted(self._scan(prefix), key=lambda entry: entry.key))

    def delete(self, key: str) -> None:
        """Remove the object under key, and the folders that are empty without it."""
        path = self._path(key)
        with disk_errors(path):
            if not path.is_file():
                return
            path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._root or not _removed(folder):
                return

    def unfinished(self) -> Iterator[Unfinished]:
        """Files that are being written or whose writer was killed; any listing removes those a day old."""
        self._check_root()
        found = []
        with disk_errors(self._root):
            for folder, _, names in os.walk(self._root):
                for path in (Path(folder, name) for name in names if name.startswith(PART)):
                    with suppress(FileNotFoundError):
                        status = path.stat()
                        modified = datetime.fromtimestamp(status.st_mtime, UTC)
                        key = path.relative_to(self._root).as_posix()
                        found.append(Unfinished(key, status.st_size, modified))
        return iter(sorted(found, key=lambda each: each.key))

    def discard(self, unfinished: Unfinished) -> None:
        """Remove the file unless it was written to since."""
        path = self._root / unfinished.key
        with disk_errors(path), suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) == unfinished.modified:
                path.unlink()

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove the objects one by one."""
        for key in keys:
            self.delete(key)

    def _path(self, key: str) -> Path:
        check_key(key)
        path = self._root / key
        self._check_links(path)
        return path

    def _existing(self, key: str) -> Path:
        path = self._path(key)
        self._check_root()
        with disk_errors(path):
            if not path.is_file():
                raise KeyMissing(key)
        return path

    def _check_root(self) -> None:
        with disk_errors(self._root):
            if self._root.exists() and not self._root.is_dir():
                raise StoreError(
                    "is a file, not a folder", where=self._url, fix="Name a folder, new or existing"
                )

    def _check_links(self, path: Path) -> None:
        with disk_errors(path):
            for part in (path, *path.parents):
                if part == self._root:
                    return
                if part.is_symlink():
                    raise _link_refused(part)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        """Objects in no order; only folders whose keys begin with prefix are opened."""
        waiting = [prefix.rpartition("/")[0]]
        self._check_links(self._root / waiting[0])
        while waiting:
            folder = waiting.pop()
            for child in _children(self._root / folder):
                key = f"{folder}/{child.name}" if folder else child.name
                if child.name.startswith(PART):
                    sweep(Path(child.path))
                elif key.startswith(prefix) and is_key(key):
                    if child.is_symlink():
                        raise _link_refused(Path(child.path))
                    if child.is_dir():
                        waiting.append(key)
                    elif child.is_file():
                        yield from _entry(key, child)


@dataclass(frozen=True, slots=True)
class _Staged(Prepared):
    """A file: the file system lets it be either renamed or removed, not both."""

    part: Path
    target: Path

    def commit(self) -> bool:
        with disk_errors(self.target):
            return settle(self.part, self.target)

    def discard(self) -> None:
        with disk_errors(self.target):
            self.part.unlink(missing_ok=True)


def _children(folder: Path) -> list["os.DirEntry[str]"]:
    with disk_errors(folder), suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as children:
        return list(children)
    return []  # never there, or removed since its name was read


def _entry(key: str, file: "os.DirEntry[str]") -> Iterator[Entry]:
    with suppress(FileNotFoundError):  # removed since its name was read
        status = file.stat()
        yield Entry(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _removed(folder: Path) -> bool:
    """Whether folder was empty and is gone, so that its name can be a key again."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _link_refused(link: Path) -> StoreError:
    return StoreError(
        "is a symbolic link, which could lead out of the store",
        where=str(link),
        fix="Put the file or folder itself there, or mount it there",
    )
