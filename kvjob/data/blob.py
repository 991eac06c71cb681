"""Readable files of a data set, wherever their bytes lie. Nothing here writes a file."""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from kvjob.errors import DataError

MOST_BYTES = 256 * 2**20
"""Of one image, mask or split file; more is a mistake or a trap."""


class Blob(Protocol):
    """One file; read may be called from many threads."""

    @property
    def label(self) -> str:
        """Where the file is, relative to the data set."""

    def read(self) -> bytes:
        """All bytes; DataError if they cannot be had or are more than MOST_BYTES."""


@dataclass(frozen=True, slots=True)
class FileBlob:
    """A file of a folder."""

    label: str
    path: Path

    def open(self) -> IO[bytes]:
        """A stream of the bytes."""
        return self.path.open("rb")

    def read(self) -> bytes:
        """See Blob."""
        try:
            with self.open() as stream:
                return _limited(stream, self.label)
        except OSError as problem:
            raise unreadable(self.label, problem.strerror or str(problem)) from None


@dataclass(frozen=True, slots=True)
class ZipBlob:
    """A member of a zip; zipfile itself takes care of many readers at once."""

    label: str
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def open(self) -> IO[bytes]:
        """A stream of the unpacked bytes."""
        return self.archive.open(self.member)

    def read(self) -> bytes:
        """See Blob."""
        try:
            with self.open() as stream:
                return _limited(stream, self.label)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as problem:
            raise unreadable(self.label, f"damaged in the archive ({problem})") from None


@dataclass(frozen=True, slots=True)
class SpanBlob:
    """A stretch of an unpacked archive's temporary file."""

    label: str
    file: IO[bytes]
    offset: int
    size: int

    def read(self) -> bytes:
        """See Blob."""
        data = os.pread(self.file.fileno(), self.size, self.offset)
        if len(data) != self.size:
            raise unreadable(self.label, "its temporary copy was cut short")
        return data


def unreadable(label: str, why: str) -> DataError:
    """The error of a file that cannot be read."""
    return DataError(f"cannot be read: {why}", where=label, fix="Restore the file from the original data set")


def _limited(stream: IO[bytes], label: str) -> bytes:
    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise unreadable(label, f"larger than {MOST_BYTES >> 20} MiB")
    return data
