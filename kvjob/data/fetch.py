"""The real data set: downloaded, checked, and unpacked into its layout."""

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from kvjob.data.check import check
from kvjob.data.disk import refused
from kvjob.data.download import download
from kvjob.data.finding import require
from kvjob.data.source import SPLITS, Source, open_source
from kvjob.data.synth.write import MARKER
from kvjob.data.threads import Progress, silent
from kvjob.errors import ConfigurationError, DataError

KVASIR_URL = "https://datasets.simula.no/downloads/kvasir-instrument.zip"
ARCHIVE = "kvasir-instrument.zip"
KVASIR_COUNTS = (590, 472, 118)
"""Images, and of them in the training and in the test set."""

UNPACKED = {"images", "masks", *SPLITS}
_UNPACKING = ".unpacking"
"""Folder that is there while the others are being put in place."""


def fetch(
    folder: Path, url: str = KVASIR_URL, progress: Progress = silent, checking: Progress = silent
) -> None:
    """Put Kvasir-Instrument into folder, as images/, masks/, train.txt and test.txt.

    An interrupted call is gone on with by the next; a finished one is only checked. An archive that was
    placed in folder by hand is used and not downloaded.

    Args:
        folder: new, empty, or that of an earlier call.
        url: of kvasir-instrument.zip.
        progress: called with bytes done and total.
        checking: called with images checked and total.

    Raises:
        ConfigurationError: folder holds something else.
        DataError: the archive cannot be had, or is not Kvasir-Instrument as published.
    """
    archive = folder / ARCHIVE
    try:
        _refuse_others(folder)
        if not (folder / SPLITS[-1]).exists():
            folder.mkdir(parents=True, exist_ok=True)
            if not archive.exists():
                download(url, archive, progress)
            _check_archive(archive, url)
            with open_source(archive, workspace=folder) as source:
                _check_published(source, checking)
                _unpack(source, folder)
            return
    except OSError as problem:
        fix = "Give a folder on a disk with 1 GB of space"
        raise refused(problem, "cannot be written", str(folder), fix) from None
    with open_source(folder) as source:
        _check_published(source, checking)


def _refuse_others(folder: Path) -> None:
    """What is not the work of an earlier call must not be mixed with it."""
    own = {ARCHIVE, f"{ARCHIVE}.part", f"{ARCHIVE}.part.json", _UNPACKING, SPLITS[-1]}
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigurationError("is a file", where=str(folder), fix="Give a folder")
    names = {entry.name for entry in folder.iterdir()}
    # Images without a sign of an interrupted unpacking are somebody else's, and would be replaced.
    foreign = UNPACKED & names and not {_UNPACKING, SPLITS[-1]} & names
    if not names or (own & names and MARKER not in names and not foreign):
        return
    raise ConfigurationError(
        "holds other files than an earlier download", where=str(folder), fix="Give a new or empty folder"
    )


def _check_archive(archive: Path, url: str) -> None:
    """Read all of it once, which compares the checksum of every member."""
    try:
        with zipfile.ZipFile(archive) as packed:
            damaged = packed.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as problem:
        damaged = str(problem)
    if damaged:
        raise DataError(
            f"damaged: {damaged}",
            where=str(archive),
            fix=f"Delete it and run the command again, which downloads it from {url}",
        )


def _check_published(source: Source, progress: Progress) -> None:
    require(check(source, progress), source.where)
    counts = (len({*source.train, *source.test}), len(source.train), len(source.test))
    if counts != KVASIR_COUNTS:
        raise DataError(
            "not Kvasir-Instrument as published: {} images, {} to train and {} to test".format(*counts),
            where=source.where,
            fix="Expected are {}, {} and {}".format(*KVASIR_COUNTS),
        )


def _unpack(source: Source, folder: Path) -> None:
    """Write the files under the names of the checked splits; test.txt, placed last, ends it."""
    unpacking = folder / _UNPACKING
    shutil.rmtree(unpacking, ignore_errors=True)
    for kind, blobs in (("images", source.images), ("masks", source.masks)):
        (unpacking / kind).mkdir(parents=True)
        for name in (*source.train, *source.test):
            suffix = PurePosixPath(blobs[name].label).suffix.lower()
            (unpacking / kind / f"{name}{suffix}").write_bytes(blobs[name].read())
    for split, names in zip(SPLITS, (source.train, source.test), strict=True):
        (unpacking / split).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    for part in ("images", "masks", *SPLITS):
        if (folder / part).is_dir():
            shutil.rmtree(folder / part)
        (unpacking / part).replace(folder / part)
    unpacking.rmdir()
