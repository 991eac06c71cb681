"""Properties of the split that every comparison relies on."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.data import split
from kvjob.errors import ConfigurationError
from tests.unit.data.small_data import manifest_of

SHARES = st.lists(st.floats(0, 0.5), min_size=8, max_size=200)
FRACTIONS = st.floats(0.3, 1.0)


@given(shares=SHARES, fraction=FRACTIONS)
def test_held_out_parts_are_disjoint_and_cover_everything(shares, fraction):
    manifest = manifest_of(shares, len(shares) - 2)
    parts = split(manifest, "held-out")
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(shares)))
    assert tuple(parts.test) == manifest.test
    assert len(parts.validation) >= 1
    smaller = split(manifest, "held-out", fraction)
    assert set(smaller.train) <= set(parts.train)
    assert np.array_equal(smaller.validation, parts.validation)


@given(shares=SHARES, fraction=FRACTIONS)
def test_test_steered_trains_on_all_and_validates_on_the_test_set(shares, fraction):
    manifest = manifest_of(shares, len(shares) - 2)
    parts = split(manifest, "test-steered")
    assert tuple(parts.train) == manifest.train
    assert tuple(parts.validation) == tuple(parts.test) == manifest.test
    count = len(split(manifest, "test-steered", fraction).train)
    assert count == int(len(manifest.train) * fraction + 0.5)


@given(shares=SHARES, fractions=st.lists(FRACTIONS, min_size=2, max_size=5))
def test_smaller_fractions_are_subsets_of_larger_ones(shares, fractions):
    manifest = manifest_of(shares, len(shares) - 2)
    sets = [set(split(manifest, "held-out", fraction).train) for fraction in sorted(fractions)]
    assert all(smaller <= larger for smaller, larger in pairwise(sets))


@given(st.permutations(range(40)))
def test_the_split_follows_names_and_areas_and_not_the_order_of_files(order):
    shares = np.random.default_rng(0).uniform(0, 0.5, 40)
    plain = manifest_of(list(shares), 30)
    shuffled = plain.model_copy(
        update={
            "names": tuple(plain.names[index] for index in order),
            "mask_shares": tuple(plain.mask_shares[index] for index in order),
            "train": tuple(sorted(order.index(index) for index in plain.train)),
            "test": tuple(sorted(order.index(index) for index in plain.test)),
        }
    )

    def names(manifest):
        parts = split(manifest, "held-out", 0.5)
        return [
            {manifest.names[index] for index in part} for part in (parts.train, parts.validation, parts.test)
        ]

    assert names(plain) == names(shuffled)


@given(seed=st.integers(0, 1000), fraction=st.sampled_from([0.1, 0.25, 0.5, 0.75]))
def test_validation_and_fractions_have_the_areas_of_the_whole(seed, fraction):
    shares = np.random.default_rng(seed).beta(1.2, 9, 590)
    manifest = manifest_of(list(shares), 472)
    parts = split(manifest, "held-out", fraction)
    whole = shares[:472]
    for part in (parts.validation, parts.train):
        for quantile in (0.25, 0.5, 0.75):
            rank = (whole <= np.quantile(shares[part], quantile)).mean()
            assert abs(rank - quantile) < 0.08


def test_the_official_set_is_divided_400_72_118():
    manifest = manifest_of([index / 1000 for index in range(590)], 472)
    parts = split(manifest, "held-out")
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [400, 72, 118]
    counts = [len(split(manifest, "held-out", share).train) for share in (0.1, 0.25, 0.5, 0.75, 1.0)]
    assert counts == [40, 100, 200, 300, 400]


def test_the_split_is_the_same_in_every_version():
    """A change here would silently compare new runs with old ones on other images."""
    manifest = manifest_of([0.01 * (index * 7 % 20) for index in range(20)], 16)
    parts = split(manifest, "held-out", 0.5)
    assert parts.validation.tolist() == [10, 15]
    assert parts.train.tolist() == [2, 3, 6, 7, 9, 11, 14]


@pytest.mark.parametrize("images", [3, 4, 6])
def test_a_handful_of_images_leaves_two_to_train_and_one_to_validate(images):
    parts = split(manifest_of([0.1] * (images + 1), images), "held-out")
    assert len(parts.validation) == 1
    assert len(parts.train) == images - 1


def test_too_few_images_for_held_out_are_refused():
    with pytest.raises(ConfigurationError, match="at least 3 training images"):
        split(manifest_of([0.1] * 4, 2), "held-out")


def test_a_fraction_that_is_too_small_names_the_smallest_that_works():
    manifest = manifest_of([0.1] * 30, 20)
    with pytest.raises(ConfigurationError) as refused:
        split(manifest, "test-steered", 0.05)
    assert str(refused.value).startswith("train_fraction: 0.05 of 20 training images is 1,")
    assert "smallest fraction that works here is 0.075" in str(refused.value)
    assert len(split(manifest, "test-steered", 0.075).train) == 2
    with pytest.raises(ConfigurationError):
        split(manifest, "test-steered", 0.0749)
