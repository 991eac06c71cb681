"""Packing: every image decoded once per data set, into one uint8 array per size, in the store.

Training then maps an array into memory and decodes nothing; JPEGs of 1280 x 1024 decoded anew in every epoch
would cost more than the network.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from kvjob.data.blob import Blob
from kvjob.data.check import check_layout
from kvjob.data.finding import Finding, require
from kvjob.data.image import HALF
from kvjob.data.manifest import DatasetManifest, PackSizes, images_file, masks_file
from kvjob.data.packfile import PackFile, new_pack, room
from kvjob.data.pair import inspect
from kvjob.data.source import Source
from kvjob.data.threads import Progress, concurrently, silent
from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import read_document, write_document
from kvjob.store import KeyMissing, Store

PACK_FORMAT = 1
"""Raised when the same files would be packed into other pixels; part of every data set's hash."""


def prepare(
    source: Source,
    store: Store,
    sizes: PackSizes,
    workspace: Path | None = None,
    progress: Progress = silent,
) -> DatasetManifest:
    """Put a data set into the store at all of sizes, doing only what is not done yet.

    Packs are written first and the manifest last, so an interrupted call leaves nothing that a reader trusts.

    Args:
        source: the data set.
        store: where the packs go.
        sizes: what must be there afterwards; sizes that are there already stay.
        workspace: folder for temporary files of the packs' size; the system's unless given.
        progress: called after each decoded image; never if nothing must be decoded.

    Raises:
        DataError: the data set has errors, or there is no folder for the temporary files.
        DiskFullError: there is no room for them.
    """
    require(check_layout(source), source.where)
    dataset = dataset_hash(source)
    key = layout.dataset(dataset, "manifest.json")
    manifest, there = _packed(store, key)
    missing = sizes.lacking(there)
    if manifest is not None and not missing.files():
        return manifest
    names = _names(source)
    with room(workspace, len(names) * missing.bytes_per_image()) as folder, ExitStack() as stack:
        packs = _new_packs(missing, len(names), folder, stack)
        decoded = _decode(source, names, packs.values(), progress)
        sums = {
            name: _upload(store, layout.dataset(dataset, name), pack.path) for name, pack in packs.items()
        }
    # Another study may have added sizes of its own meanwhile.
    files = {**_packed(store, key)[1], **sums}
    manifest = _manifest(source, dataset, decoded, files)
    write_document(store, key, manifest)
    return manifest


def dataset_hash(source: Source) -> str:
    """12 hexadecimal digits over the splits and the bytes of every image and mask they name.

    The order of lines and files, a zip instead of a folder, and files that no split names change nothing.
    """
    train = set(source.train)

    def line(name: str) -> str:
        sums = (_sha256(blobs[name], source.where) for blobs in (source.images, source.masks))
        return "\0".join(("train" if name in train else "test", name, *sums))

    text = "\n".join((f"pack {PACK_FORMAT}", *concurrently(line, _names(source))))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _names(source: Source) -> tuple[str, ...]:
    return tuple(sorted((*source.train, *source.test)))


def _sha256(blob: Blob, where: str) -> str:
    try:
        return hashlib.sha256(blob.read()).hexdigest()
    except DataError as problem:
        raise DataError(problem.what, where=f"{where}: {problem.where}", fix=problem.fix) from None


def _packed(store: Store, key: str) -> tuple[DatasetManifest | None, Mapping[str, FileSum]]:
    """The manifest, and those packs of it that lie in the store at their full size."""
    try:
        manifest = read_document(store, key, DatasetManifest)
    except KeyMissing:
        return None, {}
    there = {(entry.key, entry.size) for entry in store.list(key.removesuffix("manifest.json"))}
    files = {
        name: known
        for name, known in manifest.files.items()
        if (layout.dataset(manifest.dataset, name), known.size) in there
    }
    return manifest, files


def _new_packs(sizes: PackSizes, count: int, folder: Path, stack: ExitStack) -> dict[str, PackFile]:
    images = [new_pack(folder / images_file(size), "images", count, size) for size in sorted(sizes.images)]
    masks = [new_pack(folder / masks_file(size), "masks", count, size) for size in sorted(sizes.masks)]
    packs = [stack.enter_context(pack) for pack in (*images, *masks)]
    return {pack.path.name: pack for pack in packs}


def _decode(
    source: Source, names: tuple[str, ...], packs: Iterable[PackFile], progress: Progress
) -> list[tuple[tuple[int, int], float]]:
    """Fill the packs; return each image's native width and height, and its share of instrument."""

    def pack(index: int) -> tuple[tuple[Finding, ...], tuple[int, int], float]:
        pair = inspect(source.images[names[index]], source.masks[names[index]])
        if pair.image is None or pair.mask is None:
            return pair.findings, (0, 0), 0.0
        for target in packs:
            target.put(index, pair.image, pair.mask)
        height, width = pair.mask.shape
        return pair.findings, (width, height), float(np.count_nonzero(pair.mask >= HALF) / pair.mask.size)

    results = concurrently(pack, range(len(names)), progress)
    require((finding for found, _, _ in results for finding in found), source.where)
    return [(size, share) for _, size, share in results]


def _upload(store: Store, key: str, path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    store.upload(key, path)
    return FileSum(size=path.stat().st_size, sha256=digest)


def _manifest(
    source: Source, dataset: str, decoded: list[tuple[tuple[int, int], float]], files: Mapping[str, FileSum]
) -> DatasetManifest:
    names, train = _names(source), set(source.train)
    return DatasetManifest(
        dataset=dataset,
        names=names,
        train=tuple(index for index, name in enumerate(names) if name in train),
        test=tuple(index for index, name in enumerate(names) if name not in train),
        native_sizes=tuple(size for size, _ in decoded),
        mask_shares=tuple(share for _, share in decoded),
        files=dict(sorted(files.items())),
    )
