"""Counts kept on the device against counts made by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kvjob.study.scores import mean_over_images, over_all_pixels
from kvjob.train.loss import loss_function
from kvjob.train.metrics import PassMeter, pixel_counts


@given(st.integers(1, 5), st.integers(1, 8), st.integers(0, 2**31))
def test_pixel_counts_are_those_of_numpy(images, side, seed):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(images, 1, side, side)).astype(np.float32)
    masks = random.integers(0, 2, (images, side, side)).astype(np.uint8)
    predicted, truth = logits[:, 0] >= 0, masks == 1
    expected = [
        (predicted & truth).sum((1, 2)),
        (predicted & ~truth).sum((1, 2)),
        (~predicted & truth).sum((1, 2)),
        (~predicted & ~truth).sum((1, 2)),
    ]
    counts = pixel_counts(torch.from_numpy(logits), torch.from_numpy(masks))
    assert (counts.numpy() == np.stack(expected, axis=1)).all()


def test_a_pass_in_batches_is_the_pass_in_one():
    torch.manual_seed(0)
    logits, masks = torch.randn(10, 1, 8, 8), torch.randint(0, 2, (10, 8, 8), dtype=torch.uint8)
    bce = loss_function("bce")
    meters = [PassMeter(10, torch.device("cpu")) for _ in range(2)]
    meters[0].add(logits, masks, bce(logits, masks))
    for start, end in ((0, 4), (4, 8), (8, 10)):
        meters[1].add(logits[start:end], masks[start:end], bce(logits[start:end], masks[start:end]))
    whole, parts = (meter.read() for meter in meters)
    assert parts.loss == pytest.approx(whole.loss)
    assert parts.mean_over_images == whole.mean_over_images == mean_over_images(meters[0].counts().numpy())
    assert parts.over_all_pixels == whole.over_all_pixels == over_all_pixels(meters[0].counts().numpy())


@pytest.mark.parametrize("name", ["bce", "dice", "bce+dice"])
def test_a_loss_falls_as_the_logits_approach_the_mask(name):
    masks = torch.zeros(2, 8, 8, dtype=torch.uint8)
    masks[:, 2:6, 2:6] = 1
    towards = (masks.float() * 2 - 1).unsqueeze(1)
    losses = [float(loss_function(name)(scale * towards, masks)) for scale in (-5.0, 0.0, 5.0)]
    assert losses[0] > losses[1] > losses[2] >= 0


def test_a_loss_in_bfloat16_is_computed_in_float32():
    masks = torch.ones(1, 4, 4, dtype=torch.uint8)
    assert loss_function("bce")(torch.zeros(1, 1, 4, 4, dtype=torch.bfloat16), masks).dtype == torch.float32
