"""What a packed data set holds: names, splits, sizes, and the checksums of its packs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import Document, read_document
from kvjob.store import KeyMissing, Store
from kvjob.study import TrainConfig

REPACK = "Run the command again with --data and the data set's folder, which packs what is missing"


@dataclass(frozen=True, slots=True)
class PackSizes:
    """Sides in pixels at which images and masks are wanted."""

    images: frozenset[int]
    masks: frozenset[int]

    def files(self) -> frozenset[str]:
        """Names of the packs of these sizes."""
        return frozenset(map(images_file, self.images)) | frozenset(map(masks_file, self.masks))

    def bytes_per_image(self) -> int:
        """What an image and its mask take up in these packs."""
        return sum(3 * side**2 for side in self.images) + sum(side**2 for side in self.masks)

    def lacking(self, names: Iterable[str]) -> Self:
        """Those sizes of which names holds no pack."""
        there = set(names)
        return type(self)(
            frozenset(size for size in self.images if images_file(size) not in there),
            frozenset(size for size in self.masks if masks_file(size) not in there),
        )


def sizes_for(configs: Iterable[TrainConfig]) -> PackSizes:
    """The packs that runs need: images at each `resolution`, masks at each `input_size`.

    Masks are never taken through a lower resolution: every level of the resolution factor is scored against
    the same truth, pixel by pixel.
    """
    wanted = list(configs)
    return PackSizes(
        frozenset(config.resolution for config in wanted), frozenset(config.input_size for config in wanted)
    )


def images_file(size: int) -> str:
    """Name of the pack of images of that side."""
    return f"images-{size}.npy"


def masks_file(size: int) -> str:
    """Name of the pack of masks of that side."""
    return f"masks-{size}.npy"


class DatasetManifest(Document):
    """`datasets/<hash>/manifest.json`, written after the packs it describes."""

    dataset: str
    """Hash of the data set: 12 hexadecimal digits."""
    names: tuple[str, ...]
    """Names of the images, sorted; the packs hold them in this order."""
    train: tuple[int, ...]
    """Positions in `names` of the official training set, ascending."""
    test: tuple[int, ...]
    """Positions in `names` of the official test set, ascending."""
    native_sizes: tuple[tuple[int, int], ...]
    """Width and height of each image as it was published, in pixels."""
    mask_shares: tuple[float, ...]
    """Share of each image's native pixels that is instrument, 0 to 1."""
    files: dict[str, FileSum]
    """Size and checksum of each pack."""

    @property
    def image_counts(self) -> dict[str, int]:
        """Number of images in `train` and `test`."""
        return {"train": len(self.train), "test": len(self.test)}


def read_manifest(store: Store, dataset: str) -> DatasetManifest:
    """The manifest of the data set of that hash; DataError if the store has none."""
    key = layout.dataset(dataset, "manifest.json")
    try:
        return read_document(store, key, DatasetManifest)
    except KeyMissing:
        raise DataError(
            f"the store does not hold data set {dataset!r}", where=f"{store.url}/{key}", fix=REPACK
        ) from None
