import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.report.bootstrap import Difference, paired_bootstrap


def test_equal_arguments_give_equal_intervals():
    rng = np.random.default_rng(1)
    level, baseline = rng.random((2, 30)), rng.random((3, 30))
    assert paired_bootstrap(level, baseline) == paired_bootstrap(level, baseline)
    assert paired_bootstrap(level, baseline) != paired_bootstrap(level, baseline, seed=1)


def test_one_seed_gives_the_normal_interval_of_the_mean_paired_difference():
    rng = np.random.default_rng(2)
    hardness = rng.random((1, 400))
    level = hardness + rng.normal(0.02, 0.05, (1, 400))
    found = paired_bootstrap(level, hardness)
    apart = (level - hardness)[0]
    half = 1.96 * apart.std() / np.sqrt(400)
    assert found.mean == pytest.approx(apart.mean())
    assert found.low == pytest.approx(apart.mean() - half, abs=0.05 * half)
    assert found.high == pytest.approx(apart.mean() + half, abs=0.05 * half)


def test_pairing_takes_the_hardness_of_images_out():
    rng = np.random.default_rng(3)
    hardness = rng.random((1, 100))
    paired = paired_bootstrap(hardness + 0.01, hardness)
    shuffled = paired_bootstrap(hardness + 0.01, rng.permuted(hardness, axis=1))
    assert paired.high - paired.low < 1e-9
    assert paired.comparison == "better"
    assert shuffled.high - shuffled.low > 0.1


def test_the_interval_covers_the_true_difference_in_about_95_of_100_data_sets():
    rng = np.random.default_rng(4)
    covered = 0
    for trial in range(400):
        level = rng.normal(0.03, 0.1, (1, 60))
        found = paired_bootstrap(level, np.zeros((1, 60)), replicates=800, seed=trial)
        covered += found.low <= 0.03 <= found.high
    assert 0.91 <= covered / 400 <= 0.98


def test_seeds_that_disagree_widen_the_interval():
    images = np.random.default_rng(5).random(50)
    alike = paired_bootstrap(np.stack([images + 0.05] * 3), np.stack([images] * 3))
    apart = paired_bootstrap(np.stack([images - 0.05, images + 0.05, images + 0.15]), np.stack([images] * 3))
    assert alike.mean == pytest.approx(apart.mean)
    assert alike.comparison == "better"
    assert apart.comparison == "not distinguishable"
    assert apart.seeds == (3, 3)


def test_many_images_are_drawn_in_pieces_without_changing_the_result_much():
    rng = np.random.default_rng(6)
    level, baseline = rng.random((1, 3000)), rng.random((1, 3000))
    found = paired_bootstrap(level, baseline, replicates=1500)
    assert found.low < found.mean < found.high


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_the_verdict_says_on_which_side_of_zero_the_whole_interval_lies(mean, below, above):
    low, high = mean - below, mean + above
    found = Difference(mean=mean, low=low, high=high, images=20, seeds=(1, 1))
    expected = "better" if low > 0 else "worse" if high < 0 else "not distinguishable"
    assert found.comparison == expected
