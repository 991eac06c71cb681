"""Packing into a store and loading from it."""

from pathlib import Path

import numpy as np
import pytest

from kvjob.data import (
    PackSizes,
    dataset_hash,
    load,
    open_source,
    prepare,
    read_manifest,
    sizes_for,
    synthesize,
)
from kvjob.data.image import decode, mask_to_square, squeeze_mask, to_square
from kvjob.errors import DataError, DiskFullError
from kvjob.store import Store, open_store
from kvjob.store.directory import DirectoryStore
from kvjob.study import TrainConfig
from tests.unit.data.small_data import write_dataset, write_pair

SIZES = PackSizes(frozenset({16, 24}), frozenset({16}))


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(str(tmp_path / "store"))


def pack(path: Path, store: Store, sizes: PackSizes = SIZES, **more):
    with open_source(path) as source:
        return prepare(source, store, sizes, **more)


def keys(store: Store) -> list[str]:
    return [entry.key.split("/")[-1] for entry in store.list("datasets/")]


def test_packs_hold_every_image_and_mask_in_the_order_of_names(dataset, store, tmp_path):
    manifest = pack(dataset, store)
    assert manifest.names == ("a000", "a001", "a002", "a003", "a004", "a005", "b000", "b001", "b002")
    assert (manifest.train, manifest.test) == ((0, 1, 2, 3, 4, 5), (6, 7, 8))
    assert manifest.image_counts == {"train": 6, "test": 3}
    assert set(manifest.native_sizes) == {(40, 32)}
    assert manifest.mask_shares[2] == pytest.approx(3 / 40)
    packed = load(store, manifest.dataset, 24, 16, tmp_path / "cache")
    assert packed.images.shape == (9, 24, 24, 3)
    assert packed.masks.shape == (9, 16, 16)
    for index, name in enumerate(manifest.names):
        image = decode((dataset / f"images/{name}.jpg").read_bytes())
        mask = squeeze_mask(decode((dataset / f"masks/{name}.png").read_bytes()))
        assert np.array_equal(packed.images[index], to_square(image, 24))
        assert np.array_equal(packed.masks[index], mask_to_square(mask, 16))


def test_what_is_loaded_is_read_only(dataset, store, tmp_path):
    packed = load(store, pack(dataset, store).dataset, 16, 16, tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        packed.images[0] = 0


def test_only_the_wanted_sizes_are_packed_and_the_manifest_is_written_last(dataset, store):
    written = []

    class Watched(DirectoryStore):
        def write(self, key, data):
            written.append(key.split("/")[-1])
            super().write(key, data)

        def upload(self, key, path):
            written.append(key.split("/")[-1])
            super().upload(key, path)

    pack(dataset, Watched(store.url))
    assert written == ["images-16.npy", "images-24.npy", "masks-16.npy", "manifest.json"]


def test_a_packed_data_set_is_not_decoded_again(dataset, store):
    told = []
    first = pack(dataset, store, progress=lambda *done: told.append(done))
    assert told[-1] == (9, 9)
    again = pack(dataset, store, progress=lambda *_: pytest.fail("decoded"))
    assert again == first


def test_missing_sizes_are_added_and_the_others_stay(dataset, store):
    first = pack(dataset, store)
    more = pack(dataset, store, PackSizes(frozenset({16, 8}), frozenset({8})))
    assert more.dataset == first.dataset
    assert set(more.files) == {*first.files, "images-8.npy", "masks-8.npy"}
    assert all(more.files[name] == known for name, known in first.files.items())
    assert read_manifest(store, first.dataset) == more


def test_a_pack_that_was_lost_or_cut_short_is_made_again(dataset, store, tmp_path):
    manifest = pack(dataset, store)
    folder = Path(store.url) / "datasets" / manifest.dataset
    (folder / "masks-16.npy").unlink()
    (folder / "images-16.npy").write_bytes(b"short")
    with pytest.raises(DataError, match=r"images-16\.npy: damaged"):
        load(store, manifest.dataset, 16, 16, tmp_path)
    assert pack(dataset, store) == manifest
    assert load(store, manifest.dataset, 16, 16, tmp_path).masks.any()


def test_a_pack_with_one_wrong_byte_is_refused(dataset, store, tmp_path):
    manifest = pack(dataset, store)
    path = Path(store.url) / "datasets" / manifest.dataset / "images-24.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    load(store, manifest.dataset, 16, 16, tmp_path)
    with pytest.raises(DataError, match=r"images-24\.npy: damaged.*Delete it"):
        load(store, manifest.dataset, 24, 16, tmp_path)


class Remote(DirectoryStore):
    """A store that must be downloaded from, once."""

    downloads = 0

    def fetch(self, key, folder):
        target = folder / key
        if not target.exists() or target.stat().st_size != super().fetch(key, folder).stat().st_size:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(key))
            self.downloads += 1
        return target


def test_a_damaged_download_is_fetched_again(dataset, store, tmp_path):
    manifest = pack(dataset, store)
    remote, cache = Remote(store.url), tmp_path / "cache"
    first = load(remote, manifest.dataset, 16, 16, cache)
    local = cache / "datasets" / manifest.dataset / "images-16.npy"
    data = bytearray(local.read_bytes())
    data[-1] ^= 1
    local.unlink()
    local.write_bytes(data)
    again = load(remote, manifest.dataset, 16, 16, cache)
    assert np.array_equal(first.images, again.images)
    assert remote.downloads == 3


def test_what_the_store_does_not_hold_is_named(dataset, store, tmp_path):
    with pytest.raises(DataError, match="does not hold data set"):
        load(store, "0" * 12, 16, 16, tmp_path)
    manifest = pack(dataset, store)
    with pytest.raises(DataError, match=r"images-64\.npy: not packed at this size.*--data"):
        load(store, manifest.dataset, 64, 16, tmp_path)


def test_a_data_set_with_errors_leaves_nothing_in_the_store(dataset, store):
    path = dataset / "images/a003.jpg"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"images/a003\.jpg: truncated") as refused:
        pack(dataset, store)
    assert "1 error" in str(refused.value)
    assert keys(store) == []


def test_a_data_set_with_warnings_is_packed(dataset, store):
    write_pair(dataset, "a000", marked=0)
    write_pair(dataset, "unused")
    manifest = pack(dataset, store)
    assert manifest.mask_shares[0] == 0
    assert "unused" not in manifest.names


def test_a_full_disk_is_an_error_and_not_a_signal(dataset, store):
    with pytest.raises(DataError, match="cannot hold the packs"):
        pack(dataset, store, workspace=Path("/dev/null/nowhere"))
    assert keys(store) == []


def test_packs_that_the_disk_cannot_hold_are_told_with_their_size(tmp_path, store, small_disk):
    synthesize(tmp_path / "data", images=8, seed=1)
    sizes = PackSizes(images=frozenset({128}), masks=frozenset({128}))
    with pytest.raises(
        DiskFullError, match=r"0\.3 MB are free and 0\.5 MB are to be written.*TMPDIR"
    ) as told:
        pack(tmp_path / "data", store, sizes, workspace=small_disk)
    assert told.value.where == str(small_disk)
    assert list(small_disk.iterdir()) == []
    assert keys(store) == []


def test_the_hash_follows_what_matters_and_nothing_else(tmp_path):
    def hashed(folder: Path) -> str:
        with open_source(folder) as source:
            return dataset_hash(source)

    folder = write_dataset(tmp_path / "one")
    before = hashed(folder)
    lines = (folder / "train.txt").read_text().split()
    (folder / "train.txt").write_text("\r\n".join(reversed(lines)))
    write_pair(folder, "unused")
    assert hashed(folder) == before
    write_pair(folder, "a000", marked=20)
    changed = hashed(folder)
    assert changed != before
    (folder / "train.txt").write_text("\n".join(lines[1:]))
    (folder / "test.txt").write_text("b000\nb001\nb002\na000\n")
    assert hashed(folder) not in (before, changed)


def test_a_run_needs_images_at_its_resolution_and_masks_at_its_input_size():
    levels = [TrainConfig(resolution=resolution) for resolution in (64, 512)]
    native = TrainConfig(input_size=384)
    sizes = sizes_for([*levels, native])
    assert sizes == PackSizes(frozenset({64, 512, 384}), frozenset({256, 384}))
    assert "masks-64.npy" not in sizes.files()
