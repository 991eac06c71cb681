"""Packs of a prepared data set, mapped into memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kvjob.data.image import Image
from kvjob.data.manifest import REPACK, DatasetManifest, images_file, masks_file, read_manifest
from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.store import KeyMissing, Store


@dataclass(frozen=True, slots=True)
class Pack:
    """A data set at one resolution, with masks of the size the network is scored at."""

    manifest: DatasetManifest
    images: Image
    """Shape (n, image_size, image_size, 3), RGB, 0 to 255; read-only and mapped from a file."""
    masks: Image
    """Shape (n, mask_size, mask_size), 1 where there is instrument, else 0; read-only and mapped."""


def load(store: Store, dataset: str, image_size: int, mask_size: int, cache: Path) -> Pack:
    """Map a data set's packs into memory.

    Args:
        store: where `prepare` put them.
        dataset: hash of the data set.
        image_size: `resolution` of the run; `at_size` brings the images on to its `input_size`.
        mask_size: `input_size` of the run, whatever its resolution: all levels have the same truth.
        cache: folder for what must be downloaded; a directory store needs none.

    Raises:
        DataError: a pack is missing, or its bytes are not those that were written.
    """
    manifest = read_manifest(store, dataset)
    images, masks = (
        _map(store, manifest, name, cache) for name in (images_file(image_size), masks_file(mask_size))
    )
    return Pack(manifest, images, masks)


def _map(store: Store, manifest: DatasetManifest, name: str, cache: Path) -> Image:
    key = layout.dataset(manifest.dataset, name)
    known = manifest.files.get(name)
    if known is None:
        raise DataError("not packed at this size", where=f"{store.url}/{key}", fix=REPACK)
    path = _fetch(store, key, cache)
    if not _intact(path, known) and path == cache / key:
        path.unlink()  # A download is damaged; the object itself may be sound.
        path = _fetch(store, key, cache)
    if not _intact(path, known):
        raise DataError(
            "damaged: its size or checksum is not the one that was written",
            where=f"{store.url}/{key}",
            fix=f"Delete it. {REPACK}",
        )
    return _mapped(path, manifest, name, f"{store.url}/{key}")


def _mapped(path: Path, manifest: DatasetManifest, name: str, where: str) -> Image:
    """The array in a file, whose checksum only tells that the manifest's writer wrote it too."""
    kind, _, size = name.removesuffix(".npy").partition("-")
    shape = (len(manifest.names), int(size), int(size), *((3,) if kind == "images" else ()))
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception:  # numpy lets through whatever the parser of its header raises
        array = None
    if array is None or array.dtype != np.uint8 or array.shape != shape:
        raise DataError(
            f"not an array of {' x '.join(map(str, shape))} bytes", where=where, fix=f"Delete it. {REPACK}"
        )
    return np.asarray(array)


def _fetch(store: Store, key: str, cache: Path) -> Path:
    try:
        return store.fetch(key, cache)
    except KeyMissing:
        raise DataError("missing", where=f"{store.url}/{key}", fix=REPACK) from None


def _intact(path: Path, known: FileSum) -> bool:
    if path.stat().st_size != known.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == known.sha256
