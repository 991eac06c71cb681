"""The two definitions of every score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kvjob.study.scores import SCORES, mean_over_images, over_all_pixels, score_each

COUNTS = arrays(np.int64, st.tuples(st.integers(1, 20), st.just(4)), elements=st.integers(0, 10_000))


@given(COUNTS)
def test_scores_are_ratios_and_dice_follows_from_iou(counts):
    scores = score_each(counts)
    for name in SCORES:
        assert ((scores[name] >= 0) & (scores[name] <= 1)).all()
    assert scores["dice"] == pytest.approx(2 * scores["iou"] / (1 + scores["iou"]))
    assert (scores["iou"] <= scores["dice"] + 1e-12).all()


@given(COUNTS)
def test_dice_is_the_harmonic_mean_of_precision_and_recall(counts):
    scores = score_each(counts)
    both = scores["precision"] + scores["recall"]
    harmonic = np.where(both > 0, 2 * scores["precision"] * scores["recall"] / np.where(both > 0, both, 1), 0)
    assert scores["dice"] == pytest.approx(harmonic)


@given(COUNTS)
def test_one_image_has_the_same_score_in_both_definitions(counts):
    assert mean_over_images(counts[:1]) == over_all_pixels(counts[:1])


def test_the_definitions_differ_where_images_differ_in_size_of_instrument():
    counts = np.array([[90, 10, 0, 900], [1, 0, 9, 990]])
    assert mean_over_images(counts).iou == pytest.approx((0.9 + 0.1) / 2)
    assert over_all_pixels(counts).iou == pytest.approx(91 / 110)


def test_an_empty_mask_scores_one_if_nothing_is_predicted_and_zero_otherwise():
    scores = score_each(np.array([[0, 0, 0, 100], [0, 5, 0, 95], [0, 0, 5, 95]]))
    for name in ("iou", "dice", "precision", "recall"):
        assert scores[name].tolist() == [1.0, 0.0, 0.0]
    assert scores["accuracy"].tolist() == [1.0, 0.95, 0.95]
