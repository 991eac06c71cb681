"""Decoding and resizing."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.data.image import at_size, decode, mask_to_square, squeeze_mask, to_square


def test_images_are_decoded_as_rgb():
    bgr = np.zeros((4, 4, 3), np.uint8)
    bgr[..., 2] = 250
    assert decode(cv2.imencode(".png", bgr)[1].tobytes())[0, 0].tolist() == [250, 0, 0]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_masks_of_one_three_or_four_channels_mean_the_same(channels):
    mask = np.zeros((6, 8, channels), np.uint8)
    mask[:3] = 255
    pixels = squeeze_mask(decode(cv2.imencode(".png", mask)[1].tobytes()))
    assert pixels.shape == (6, 8)
    assert (pixels[:3] == 255).all()
    assert not pixels[3:].any()


def test_a_mask_painted_in_one_colour_counts():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 0, 0] = 255
    assert squeeze_mask(pixels)[0, 0] == 255


@given(height=st.integers(5, 70), width=st.integers(5, 70), size=st.integers(4, 80))
def test_any_size_becomes_the_square_and_a_plain_colour_stays(height, width, size):
    pixels = np.full((height, width, 3), (200, 30, 90), np.uint8)
    square = to_square(pixels, size)
    assert square.shape == (size, size, 3)
    assert (square == (200, 30, 90)).all()


def test_shrinking_averages_and_does_not_sample():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    assert set(np.unique(to_square(stripes, 8))) <= {127, 128}


@given(side=st.sampled_from([32, 48, 100]), edge=st.integers(0, 100), size=st.sampled_from([16, 25, 64]))
def test_a_mask_keeps_its_share_when_it_is_resized(side, edge, size):
    mask = np.zeros((side, side), np.uint8)
    mask[:, : edge * side // 100] = 255
    small = mask_to_square(mask, size)
    assert set(np.unique(small)) <= {0, 1}
    assert abs(small.mean() - (mask > 0).mean()) <= 0.5 / size + 1e-9


def test_a_pixel_is_instrument_if_half_of_its_area_is():
    mask = np.zeros((8, 8), np.uint8)
    mask[:, :2] = 255
    assert mask_to_square(mask, 2).tolist() == [[1, 0], [1, 0]]
    mask[:, :2] = 0
    mask[:, 0] = 255
    assert not mask_to_square(mask, 2).any()


def test_compression_noise_in_a_mask_does_not_weigh():
    noisy = np.full((8, 8), 100, np.uint8)
    noisy[:, :3] = 255
    assert mask_to_square(noisy, 2).tolist() == [[1, 0], [1, 0]]


def test_images_of_the_wanted_size_are_not_copied():
    images = np.zeros((2, 16, 16, 3), np.uint8)
    assert at_size(images, 16) is images
    assert at_size(images, 32).shape == (2, 32, 32, 3)


def test_a_batch_is_resized_like_its_images():
    images = np.random.default_rng(0).integers(0, 255, (3, 20, 20, 3), dtype=np.uint8)
    assert np.array_equal(at_size(images, 32)[1], to_square(images[1], 32))
