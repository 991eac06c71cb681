"""Members of zip and tar archives as blobs.

No member is ever written under its own name: what must be unpacked goes into one temporary file that has no
name at all, so a member called `../../.bashrc` has nowhere to go, and a killed process leaves nothing behind.
"""

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO

from kvjob.data.blob import MOST_BYTES, FileBlob, SpanBlob, ZipBlob
from kvjob.data.disk import refused
from kvjob.errors import DataError

MOST_UNPACKED = 16 * 2**30
"""Bytes of one inner archive; Kvasir-Instrument's are a hundredth of it."""


def zip_blobs(path: Path, stack: ExitStack) -> Iterator[ZipBlob]:
    """The files of a zip, which stack closes; DataError if it is damaged or encrypted."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(
            f"not a readable zip archive ({problem})",
            where=str(path),
            fix="Download it again, or give a folder",
        ) from None
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise DataError("encrypted", where=str(path), fix="Give an archive without a password")
        if not member.is_dir():
            yield ZipBlob(member.filename.replace("\\", "/"), archive, member)


def tar_blobs(source: FileBlob | ZipBlob, workspace: Path | None, stack: ExitStack) -> list[SpanBlob]:
    """The files of a tar archive, unpacked by streaming; links and devices are passed over.

    Args:
        source: the archive, compressed or not.
        workspace: folder of the temporary file, which stack deletes; the system's unless given.
        stack: closes what must stay open while the blobs are read.

    Raises:
        DataError: the archive is damaged, or there is no room to unpack it.
    """
    try:
        if workspace is not None:
            workspace.mkdir(parents=True, exist_ok=True)
        file = stack.enter_context(tempfile.TemporaryFile(dir=workspace))  # noqa: SIM115  (stack closes it)
        spans = _unpack(source, file)
        file.flush()
        return spans
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as problem:
        raise DataError(
            f"damaged archive ({problem})", where=source.label, fix="Download the data set again"
        ) from None
    except OSError as problem:
        what = f"cannot be unpacked into {workspace or tempfile.gettempdir()}"
        fix = "Free some space there, or unpack the archive by hand and give the folder"
        raise refused(problem, what, source.label, fix) from None


def _unpack(source: FileBlob | ZipBlob, file: IO[bytes]) -> list[SpanBlob]:
    spans = []
    with source.open() as packed, tarfile.open(fileobj=packed, mode="r|*") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            offset = file.tell()
            if member.size > MOST_BYTES or offset + member.size > MOST_UNPACKED:
                raise tarfile.TarError(f"{member.name} is too large")
            shutil.copyfileobj(content, file, 2**20)
            if file.tell() - offset != member.size:
                raise tarfile.TarError(f"{member.name} is cut short")
            spans.append(SpanBlob(f"{source.label}/{member.name}", file, offset, member.size))
    return spans


def leads_outside(label: str) -> bool:
    """Whether a member's name tries to leave the folder it would be unpacked into."""
    path = PurePosixPath(label)
    return path.is_absolute() or ".." in path.parts
