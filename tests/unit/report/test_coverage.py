"""Seeded simulations: equal every time, so that they fail for a wrong formula and never by chance."""

import numpy as np
import pytest

from tests.bench.coverage import measure
from tests.bench.studies import Shape, simulate, truth


@pytest.mark.parametrize(
    ("shape", "low", "high"),
    [
        (Shape(1, 10, 0.0), 0.94, 0.96),
        (Shape(3, 40, 0.005), 0.95, 0.98),
        # many seeds that matter little: a wrong share of either source shows at once
        (Shape(10, 20, 0.0, of_images=0.01, of_rest=0.08), 0.94, 0.97),
        (Shape(10, 20, 0.03, of_images=0.02), 0.94, 0.97),
        (Shape(6, 40, 0.005, baseline_seeds=5), 0.95, 0.99),
    ],
    ids=str,
)
def test_the_interval_holds_the_true_difference_as_often_as_it_says(shape, low, high):
    assert low < measure(shape, 100, replicates=200).held < high


@pytest.mark.parametrize(
    "shape", [Shape(1, 10, 0.0), Shape(3, 40, 0.02), Shape(3, 40, 0.05, skewed=True)], ids=str
)
def test_few_studies_without_a_difference_find_one(shape):
    assert measure(shape, 100, replicates=200).false <= 0.05


def test_most_studies_find_a_difference_of_the_size_called_detectable():
    assert measure(Shape(5, 40, 0.003), 150, replicates=200).power == pytest.approx(0.8, abs=0.1)


def test_the_truth_of_a_level_that_helps_is_what_large_studies_measure():
    shape = Shape(2, 100_000, 0.0, skewed=True, helps=True)
    baseline, levels = simulate(shape, 1, 0.0, np.random.default_rng(1))
    assert levels.mean() - baseline.mean() == pytest.approx(truth(shape, np.random.default_rng(2)), abs=0.002)
