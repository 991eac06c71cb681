"""Which images come when."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kvjob.study import TrainConfig
from kvjob.train.batches import micro_batches, train_order

IMAGES = st.integers(2, 200)
BATCH = st.integers(2, 32)
SEEDS = st.integers(0, 2**31 - 1)


@given(IMAGES, BATCH, SEEDS, st.integers(1, 1000))
def test_an_epoch_shows_every_image_once_but_for_a_last_one_alone(images, batch, seed, epoch):
    config = TrainConfig(batch_size=batch, seed=seed)
    indices = np.arange(images) * 3
    parts = train_order(indices, config, epoch)
    shown = np.concatenate(parts)
    assert all(2 <= len(part) <= batch for part in parts)
    assert len(set(shown.tolist())) == len(shown) == images - (images % batch == 1)
    assert set(shown.tolist()) <= set(indices.tolist())


@given(SEEDS, st.integers(1, 1000))
def test_the_order_is_a_function_of_seed_and_epoch(seed, epoch):
    config, indices = TrainConfig(seed=seed), np.arange(64)
    again = train_order(indices, config, epoch)
    assert all((a == b).all() for a, b in zip(train_order(indices, config, epoch), again, strict=True))
    other = np.concatenate(train_order(indices, config, epoch + 1))
    assert (np.concatenate(again) != other).any()


@given(st.integers(2, 500), st.integers(2, 64))
def test_micro_batches_cover_a_batch_and_none_is_one_image(batch, micro):
    slices = micro_batches(batch, micro)
    assert [index for part in slices for index in range(batch)[part]] == list(range(batch))
    sizes = [part.stop - part.start for part in slices]
    assert min(sizes) >= 2
    assert max(sizes) <= max(micro, 3)
