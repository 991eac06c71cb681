"""Scores with intervals over test images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kvjob.errors import DataError
from kvjob.inference.scored import Scored, interval_scores, read_scores
from kvjob.study.scores import SCORES, mean_over_images, over_all_pixels, score_each
from tests.unit.report.example import MemoryStore

COUNTS = np.random.default_rng(0).integers(1, 500, (60, 4))


def test_the_values_are_the_trainers_scores():
    found = interval_scores(COUNTS)
    for name in SCORES:
        assert found.mean_over_images[name].value == getattr(mean_over_images(COUNTS), name)
        assert found.over_all_pixels[name].value == getattr(over_all_pixels(COUNTS), name)


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    found = interval_scores(COUNTS).mean_over_images["iou"]
    values = score_each(COUNTS)["iou"]
    error = values.std() / len(values) ** 0.5
    expected = np.array([-1, 1]) * stats.norm.ppf(0.975) * error + values.mean()
    assert np.array([found.low, found.high]) == pytest.approx(expected, abs=0.1 * error)


@given(st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_intervals_hold_the_value_and_stay_between_0_and_1(images, seed):
    counts = np.random.default_rng(seed).integers(0, 50, (images, 4)) + np.array([0, 0, 0, 1])
    found = interval_scores(counts)
    for name in SCORES:
        for each in (found.mean_over_images[name], found.over_all_pixels[name]):
            assert 0 <= each.low <= each.high <= 1
        mean = found.mean_over_images[name]
        assert mean.low - 1e-9 <= mean.value <= mean.high + 1e-9


def test_equal_counts_have_equal_intervals():
    assert interval_scores(COUNTS) == interval_scores(COUNTS.copy())


def test_one_image_has_no_interval():
    assert interval_scores(COUNTS[:1]).mean_over_images["iou"].low is None


def test_the_worst_images_come_by_iou_then_by_name():
    counts = np.array([[5, 5, 0, 0], [1, 9, 0, 0], [5, 5, 0, 0]])
    assert Scored(("b", "c", "a"), counts).worst(2) == [("c", 0.1), ("a", 0.5)]


def test_names_stay_what_they_are():
    store = MemoryStore({"runs/k/scores.csv": b"image,tp,fp,fn,tn\n007,1,2,3,4\nNA,5,6,7,8\n"})
    found = read_scores(store, "k")
    assert found.names == ("007", "NA")
    assert found.counts.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize(
    "data", [None, b"", b"nothing", b"image,tp,fp,fn,tn\n", b"image,tp,fp,fn,tn\na,b,c,d,e\n"]
)
def test_damaged_scores_are_named(data):
    store = MemoryStore({} if data is None else {"runs/k/scores.csv": data})
    with pytest.raises(DataError, match=r"runs/k/scores.csv: (missing|damaged)"):
        read_scores(store, "k")
