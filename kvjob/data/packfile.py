"""Packs while they are made: .npy files of uint8 in a temporary folder."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from kvjob.data.disk import refused
from kvjob.data.image import Image, mask_to_square, to_square


@dataclass(frozen=True, slots=True)
class PackFile:
    """An array on disk whose entries are written in any order, from any thread.

    They are written by position and not through a memory map: a full disk is then an error that can be
    reported instead of a SIGBUS, and no page counts as this process's memory.
    """

    path: Path
    of: Literal["images", "masks"]
    size: int
    """Side of an entry in pixels."""
    file: IO[bytes]
    start: int
    """Offset of the first entry in bytes."""

    def put(self, index: int, image: Image, mask: Image) -> None:
        """Write the entry of that index, made from an image and its mask at native size."""
        entry = to_square(image, self.size) if self.of == "images" else mask_to_square(mask, self.size)
        data = entry.tobytes()
        if os.pwrite(self.file.fileno(), data, self.start + index * len(data)) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def new_pack(path: Path, of: Literal["images", "masks"], count: int, size: int) -> Iterator[PackFile]:
    """A pack of count entries at path, to be filled inside the `with`."""
    shape = (count, size, size, 3) if of == "images" else (count, size, size)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.flush()
        yield PackFile(path, of, size, file, file.tell())


@contextmanager
def room(workspace: Path | None, need: int) -> Iterator[Path]:
    """A temporary folder below workspace (the system's unless given) for need bytes.

    Raises:
        DiskFullError: the block found no space or quota left.
        DataError: the block met another error of the disk.
    """
    where = workspace or Path(tempfile.gettempdir())
    fix = "Free some space there, or set TMPDIR to a folder with more"
    try:
        if workspace is not None:
            workspace.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="kvjob-", dir=workspace) as folder:
            yield Path(folder)
    except OSError as problem:
        what = "cannot hold the packs while they are made"
        raise refused(problem, what, str(where), fix, need) from None
