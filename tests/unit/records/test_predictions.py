"""What a run predicted, as one picture: nothing is lost, and nothing else is taken for it."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kvjob.errors import DataError
from kvjob.records.predictions import decode_predictions, encode_predictions


def noise(count: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, side, side)) < 0.3


@given(st.integers(1, 40), st.integers(1, 33), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_every_mask_comes_back(count: int, side: int, seed: int):
    masks = noise(count, side, seed)
    data = encode_predictions(masks)
    assert (decode_predictions(data, count, "here") == masks).all()
    assert encode_predictions(masks.copy()) == data


def test_it_is_a_picture_of_one_bit_that_shows_sixteen_masks_in_a_row():
    masks = np.zeros((18, 8, 8), bool)
    masks[1], masks[17] = True, True
    with Image.open(io.BytesIO(encode_predictions(masks))) as image:
        assert (image.mode, image.size) == ("1", (16 * 8, 2 * 8))
        white = np.asarray(image)
    assert white[:8, 8:16].all()
    assert white[8:, 8:16].all()
    assert white.sum() == 2 * 64


def test_a_hundred_masks_of_instruments_take_less_than_a_photograph():
    y, x = np.mgrid[:256, :256]
    masks = np.stack([abs(y - (x * slope / 50)) < 30 for slope in range(118)])
    assert len(encode_predictions(masks)) < 100_000


@pytest.mark.parametrize("count", [1, 3, 5, 17])
def test_a_picture_of_another_number_of_masks_is_refused(count: int):
    with pytest.raises(DataError, match=f"not a picture of {count} masks") as caught:
        decode_predictions(encode_predictions(noise(4, 12)), count, "store/predictions.png")
    assert caught.value.where == "store/predictions.png"


def test_the_claim_to_be_huge_is_refused_before_memory_is_taken():
    data = bytearray(encode_predictions(noise(4, 12)))
    data[16:24] = struct.pack(">II", 4 * 500_000, 500_000)
    with pytest.raises(DataError):
        decode_predictions(bytes(data), 4, "here")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_is_named_or_harmless(data: st.DataObject):
    whole = encode_predictions(noise(4, 12))
    cut = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=30))
    try:
        found = decode_predictions(whole[:cut] + junk, 4, "here")
    except DataError as error:
        assert error.where == "here"
    else:
        assert found.shape == (4, 12, 12)
