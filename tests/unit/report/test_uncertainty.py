import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kvjob.report.uncertainty import Uncertainty

VARIANCE = st.floats(1e-8, 1e-2)
FREEDOM = st.integers(1, 200)


@given(VARIANCE, FREEDOM, st.floats(0.001, 0.5))
def test_of_a_single_source_it_is_students_t(variance, freedom, alpha):
    expected = stats.t.ppf(1 - alpha / 2, freedom)
    assert Uncertainty(variance, freedom, 0.0, 0).critical(alpha) == pytest.approx(expected)
    assert Uncertainty(0.0, 117, variance, freedom).critical(alpha) == pytest.approx(expected)


@given(VARIANCE, VARIANCE, FREEDOM, st.floats(0.001, 0.5))
def test_of_two_sources_it_lies_between_both_students(images, seeds, freedom, alpha):
    found = Uncertainty(images, 117, seeds, freedom).critical(alpha)
    low, high = sorted(stats.t.ppf(1 - alpha / 2, each) for each in (117, freedom))
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


@given(VARIANCE, VARIANCE, FREEDOM, st.floats(-0.2, 0.2))
def test_the_p_value_is_the_level_at_which_the_mean_is_critical(images, seeds, freedom, mean):
    found = Uncertainty(images, 117, seeds, freedom)
    p = found.p(mean)
    assert 0 < p <= 1
    assert p == found.p(-mean)
    if p > 1e-30:
        assert found.critical(p) == pytest.approx(abs(mean) / found.error, rel=1e-6, abs=1e-6)


@given(VARIANCE, FREEDOM, st.floats(-20, 20))
def test_the_p_value_of_a_single_source_is_students(variance, freedom, distance):
    found = Uncertainty(variance, freedom, 0.0, 0)
    expected = 2 * stats.t.sf(abs(distance), freedom)
    assert found.p(distance * found.error) == pytest.approx(max(expected, 1e-30), rel=1e-5)


def test_without_variance_every_difference_is_certain():
    certain = Uncertainty(0.0, 9, 0.0, 0)
    assert (certain.p(0.0), certain.p(0.01), certain.detectable(0.05, 0.8)) == (1, 0, 0)


def test_an_immense_difference_has_a_tiny_p_value():
    assert 0 < Uncertainty(1e-12, 9, 0.0, 0).p(0.5) < 1e-20
    assert 0 < Uncertainty(1e-12, 5000, 1e-14, 2).p(0.5) < 1e-9


@pytest.mark.parametrize("freedom", [2, 9, 117])
def test_a_difference_of_the_detectable_size_is_found_with_the_power_that_was_asked_for(freedom):
    rng = np.random.default_rng(freedom)
    size = Uncertainty(1.0, freedom, 0.0, 0).detectable(0.05, 0.8)
    n, trials = freedom + 1, 20_000
    drawn = rng.normal(size, n**0.5, (trials, n))
    found = stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.012)  # four standard errors


def test_fewer_studies_find_what_must_outlast_a_correction():
    uncertainty = Uncertainty(1.0, 117, 0.2, 2)
    assert uncertainty.detectable(0.005, 0.8) > uncertainty.detectable(0.05, 0.8)
