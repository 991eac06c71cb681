"""Local files, written whole or not at all, and what it means when the disk refuses."""

import errno
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kvjob.errors import DiskFullError, StoreAwayError, StoreError
from kvjob.store.keys import PART

STALE_SECONDS = 24 * 3600.0
"""An unfinished file that was not written to for this long has lost its writer."""

_FOLDER_ATTEMPTS = 10
"""How often a folder is made again that somebody else removes, because it is empty, before it is used."""

_REFUSALS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or use a store on another disk"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or ask for a larger quota"),
    errno.EROFS: ("the file system is read-only", "Mount it writable, or use another store"),
    errno.EACCES: ("permission denied", "Give this user the right to read and write there"),
    errno.EPERM: ("operation not permitted", "Give this user the right to write there"),
    errno.ENOTDIR: ("a file lies where a folder is needed", "Move that file away, or use another store"),
    errno.EEXIST: ("a file lies where a folder is needed", "Move that file away, or use another store"),
    errno.EISDIR: ("a folder lies where the file belongs", "Move that folder away, or use another store"),
    errno.ENAMETOOLONG: ("the path is too long for this file system", "Use a store with a shorter path"),
    errno.ETIMEDOUT: ("the file server does not answer", "Bring it back, and look at the network"),
    errno.ESTALE: ("the file server has forgotten this folder", "Mount it again"),
    errno.EIO: ("the disk reports an input/output error", "Check the disk, or use another store"),
}

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the errors that say that there is no space left."""

_KINDS: dict[int, type[StoreError]] = {
    **dict.fromkeys(FULL, DiskFullError),
    **dict.fromkeys((errno.ETIMEDOUT, errno.ESTALE), StoreAwayError),
}


@contextmanager
def disk_errors(where: Path, need: int | None = None) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError about where; need is how many bytes it is to write."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # not the disk's: network libraries derive their errors from OSError too
            raise
        what, fix = _REFUSALS.get(error.errno, (os.strerror(error.errno), "Check the disk and the path"))
        kind = _KINDS.get(error.errno, StoreError)
        if error.errno in FULL:
            what += room_left(where, need)
        raise kind(what, where=str(where), fix=fix) from error


def room_left(where: Path, need: int | None) -> str:
    """How much space there is at a path that may not exist yet, and how many bytes are needed, if known.

    The words follow "the disk is full".
    """
    folder = next(folder for folder in (where, *where.absolute().parents) if folder.is_dir())
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    wanted = f" and {_megabytes(need)} are to be written" if need is not None else ""
    return f": {_megabytes(free)} are free{wanted}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A new file that takes the target's place once the block has ended, and never if it fails.

    Folders on the way are made, and what killed writers left in the last one is removed. When this returns,
    the bytes and the name have reached the disk.
    """
    file, part = _open_part(target.parent)
    with _removed_on_failure(part):
        with file:
            for other in target.parent.glob(f"{PART}*"):
                sweep(other)
            yield file
            _seal(file)
        part.replace(target)
    _sync_folder(target.parent)


def stage(target: Path, data: bytes) -> Path:
    """A new file beside target with data, on the disk, that `staged` finds until it is renamed or removed."""
    file, part = _open_part(target.parent, _mark(target))
    with _removed_on_failure(part), file:
        file.write(data)
        _seal(file)
    return part


def staged(target: Path) -> list[Path]:
    """The files that are staged for target."""
    return list(target.parent.glob(f"{PART}{_mark(target)}*"))


def settle(part: Path, target: Path) -> bool:
    """Rename a staged file to target; False if it is gone, which no later call can change."""
    try:
        part.replace(target)
    except FileNotFoundError:
        return False
    _sync_folder(target.parent)
    return True


def settle_new(part: Path, target: Path) -> bool:
    """Give a staged file the name target if nothing has it, and remove it otherwise."""
    try:
        os.link(part, target)
    except FileExistsError:
        # a network file system may have lost the answer to a first request that succeeded
        return part.stat().st_nlink > 1
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        raise StoreError(
            "this file system has no hard links, without which two trainers of one run cannot be told apart",
            where=str(target),
            fix="Use a store on another file system, or in a bucket",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return True


def sweep(part: Path) -> None:
    """Remove an unfinished file if its writer is gone, which its age tells."""
    with suppress(OSError):
        if time.time() - part.stat().st_mtime > STALE_SECONDS:
            part.unlink()


def _mark(target: Path) -> str:
    """What the names of files staged for target begin with, short however long its name is."""
    return f"{hashlib.sha256(target.name.encode()).hexdigest()[:16]}-"


def _open_part(folder: Path, mark: str = "") -> tuple[BinaryIO, Path]:
    part = folder / f"{PART}{mark}{secrets.token_hex(8)}"
    for _ in range(_FOLDER_ATTEMPTS):
        with suppress(FileNotFoundError):
            _make_folder(folder)
            return part.open("xb"), part
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


@contextmanager
def _removed_on_failure(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _seal(file: BinaryIO) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for child in reversed(missing):
        try:
            child.mkdir()
        except FileExistsError:
            # somebody was faster, and may have removed it again by now: then _open_part begins anew
            if not stat.S_ISDIR(child.stat().st_mode):
                raise
        _sync_folder(child.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; some network file systems do so unasked and refuse."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
