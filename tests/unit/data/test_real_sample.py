"""The few real images, where they are at hand."""

import numpy as np

from kvjob.data import PackSizes, check, load, open_source, prepare, split
from kvjob.store import open_store


def test_real_images_pass_every_check(real_sample):
    with open_source(real_sample) as source:
        assert check(source) == []


def test_real_images_are_packed_and_divided(real_sample, tmp_path):
    store = open_store(str(tmp_path / "store"))
    with open_source(real_sample) as source:
        manifest = prepare(source, store, PackSizes(frozenset({64}), frozenset({64})))
    packed = load(store, manifest.dataset, 64, 64, tmp_path / "cache")
    drift = np.abs(packed.masks.mean(axis=(1, 2)) - np.array(manifest.mask_shares))
    assert drift.max() < 0.005
    parts = split(manifest, "held-out")
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [5, 1, 2]
