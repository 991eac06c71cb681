"""A data set in Kvasir-Instrument's layout, opened for reading: a folder, or the zip it is published as.

    images/NAME.jpg   masks/NAME.png   train.txt   test.txt

The official archive holds `images.tar.gz` and `masks.tar.gz` in place of the folders; one folder around all
of it is tolerated.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from kvjob.data.archive import leads_outside, tar_blobs, zip_blobs
from kvjob.data.blob import Blob, FileBlob, ZipBlob
from kvjob.data.finding import Finding, error
from kvjob.errors import DataError

SPLITS = ("train.txt", "test.txt")
KINDS: Mapping[str, tuple[str, ...]] = {
    "images": (".jpg", ".jpeg", ".png"),
    "masks": (".png", ".jpg", ".jpeg"),
}
ARCHIVES = (".tar.gz", ".tgz", ".tar")

LAYOUT_FIX = (
    "Expected are images/NAME.jpg, masks/NAME.png, train.txt and test.txt; "
    "`kvjob data fetch DIR` downloads them, `kvjob data synth DIR` makes some alike"
)


@dataclass(frozen=True)
class Source:
    """What a data set holds, before anything is decoded. Close it, or use it in a `with`."""

    where: str
    """The path its user gave."""
    images: Mapping[str, Blob]
    """Image files by name (without suffix)."""
    masks: Mapping[str, Blob]
    """Mask files by name."""
    train: tuple[str, ...]
    """Names in train.txt, as written there."""
    test: tuple[str, ...]
    findings: tuple[Finding, ...]
    """What was found wrong while opening it."""
    _open: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def open_source(path: Path, workspace: Path | None = None) -> Source:
    """Open a data set.

    Args:
        path: its folder or zip archive.
        workspace: where an archive within the archive may be unpacked; the system's temporary folder
            unless given.

    Raises:
        DataError: there is nothing at path, it cannot be read, or nothing in it resembles the layout. Lesser
            faults are findings, see `check`.
    """
    with ExitStack() as stack:
        try:
            found = _Found(list(_blobs(path, stack)))
            for kind in KINDS:
                if not found.of_kind(kind) and (archive := found.archive(kind)):
                    found.add(kind, tar_blobs(archive, workspace, stack))
        except OSError as problem:
            raise DataError(
                f"cannot be read ({problem.strerror or problem})",
                where=str(path),
                fix="Check its permissions",
            ) from None
        if found.nothing():
            raise DataError("not a data set in Kvasir-Instrument's layout", where=str(path), fix=LAYOUT_FIX)
        images, masks = found.of_kind("images"), found.of_kind("masks")
        train, test = (found.names(split, images) for split in SPLITS)
        return Source(str(path), images, masks, train, test, tuple(found.findings), stack.pop_all())


def _blobs(path: Path, stack: ExitStack) -> Iterator[FileBlob | ZipBlob]:
    if path.is_dir():
        yield from _folder_blobs(path)
    elif path.is_file():
        yield from zip_blobs(path, stack)
    else:
        raise DataError("no such folder or archive", where=str(path), fix=LAYOUT_FIX)


def _folder_blobs(root: Path) -> Iterator[FileBlob]:
    """Files of the folder and of its images and masks; of its only subfolder, if all is in there."""
    subfolders = [entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    if len(subfolders) == 1 and subfolders[0].name not in KINDS and not (root / SPLITS[0]).exists():
        root = subfolders[0]
    for entry in sorted(root.iterdir()):
        if entry.name in KINDS and entry.is_dir():
            for file in sorted(entry.iterdir()):
                if file.is_file():
                    yield FileBlob(f"{entry.name}/{file.name}", file)
        elif entry.is_file():
            yield FileBlob(entry.name, entry)


class _Found:
    """The files of a data set, sorted into what they are, and the faults met on the way."""

    def __init__(self, blobs: list[FileBlob | ZipBlob]) -> None:
        self.findings: list[Finding] = []
        self._kinds: dict[str, dict[str, Blob]] = {kind: {} for kind in KINDS}
        self._others: dict[str, FileBlob | ZipBlob] = {}
        for blob in blobs:
            path = PurePosixPath(blob.label)
            if self._is_sound(path) and len(path.parts) <= 3:  # top folder, kind, file
                if path.parent.name in KINDS:
                    self.add(path.parent.name, [blob])
                else:
                    self._others.setdefault(path.name.lower(), blob)

    def add(self, kind: str, blobs: Iterable[Blob]) -> None:
        """Sort in images or masks."""
        for blob in blobs:
            path = PurePosixPath(blob.label)
            if path.suffix.lower() not in KINDS[kind] or not self._is_sound(path):
                continue
            first = self._kinds[kind].setdefault(path.stem, blob)
            if first is not blob:
                self.findings.append(error(blob.label, f"a second file of the same name as {first.label}"))

    def of_kind(self, kind: str) -> Mapping[str, Blob]:
        """Files of that kind by name."""
        return self._kinds[kind]

    def archive(self, kind: str) -> FileBlob | ZipBlob | None:
        """The archive that holds the files of that kind."""
        return next(
            (self._others[kind + suffix] for suffix in ARCHIVES if kind + suffix in self._others), None
        )

    def nothing(self) -> bool:
        """Whether there is no trace of the layout."""
        return not any(self._kinds.values()) and not any(split in self._others for split in SPLITS)

    def names(self, split: str, images: Mapping[str, Blob]) -> tuple[str, ...]:
        """Names that a split file lists, one per line; a suffix that its image has is dropped."""
        if split not in self._others:
            self.findings.append(error(split, "missing"))
            return ()
        try:
            lines = self._others[split].read().decode("utf-8-sig").split("\n")
        except DataError as problem:
            self.findings.append(error(split, problem.what))
            return ()
        except UnicodeDecodeError:
            self.findings.append(error(split, "not a text file in UTF-8"))
            return ()
        names = tuple(line.strip() for line in lines if line.strip())
        if not names:
            self.findings.append(error(split, "names no image"))
        return tuple(_without_suffix(name, images) for name in names)

    def _is_sound(self, path: PurePosixPath) -> bool:
        if leads_outside(str(path)):
            self.findings.append(error(str(path), "a path that leads out of the data set"))
            return False
        return not path.name.startswith(".") and "__MACOSX" not in path.parts


def _without_suffix(name: str, images: Mapping[str, Blob]) -> str:
    stem, dot, suffix = name.rpartition(".")
    is_suffix = dot + suffix.lower() in KINDS["images"]
    return stem if is_suffix and name not in images and stem in images else name
