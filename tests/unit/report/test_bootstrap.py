import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kvjob.report.bootstrap import holm, paired_bootstrap
from tests.unit.report.differences import difference


def test_equal_arguments_give_equal_intervals():
    rng = np.random.default_rng(1)
    level, baseline = rng.random((2, 30)), rng.random((3, 30))
    assert paired_bootstrap(level, baseline, paired=False) == paired_bootstrap(level, baseline, paired=False)
    assert paired_bootstrap(level, baseline, paired=False) != paired_bootstrap(
        level, baseline, paired=False, seed=1
    )


def test_one_seed_gives_the_interval_of_students_t_for_the_mean_paired_difference():
    rng = np.random.default_rng(2)
    hardness = rng.random((1, 400))
    level = hardness + rng.normal(0.02, 0.05, (1, 400))
    found = paired_bootstrap(level, hardness, paired=True)
    apart = (level - hardness)[0]
    low, high = stats.ttest_1samp(apart, 0).confidence_interval(0.95)
    half = (high - low) / 2
    assert found.mean == pytest.approx(apart.mean())
    assert found.low == pytest.approx(low, abs=0.05 * half)
    assert found.high == pytest.approx(high, abs=0.05 * half)


def test_its_p_value_is_that_of_students_t():
    rng = np.random.default_rng(8)
    apart = rng.normal(0.005, 0.05, (1, 200))
    found = paired_bootstrap(apart, np.zeros((1, 200)), paired=True)
    assert found.p == pytest.approx(stats.ttest_1samp(apart[0], 0).pvalue, rel=0.1)
    assert found.adjusted_p == found.p


def test_pairing_takes_the_hardness_of_images_out():
    rng = np.random.default_rng(3)
    hardness = rng.random((1, 100))
    paired = paired_bootstrap(hardness + 0.01, hardness, paired=True)
    shuffled = paired_bootstrap(hardness + 0.01, rng.permuted(hardness, axis=1), paired=True)
    assert paired.high - paired.low < 1e-9
    assert paired.comparison == "better"
    assert shuffled.high - shuffled.low > 0.1


def test_pairing_takes_what_seeds_have_in_common_out():
    rng = np.random.default_rng(9)
    baseline = rng.normal(0.8, 0.05, (4, 1)) + rng.normal(0, 0.02, (4, 80))
    level = baseline + rng.normal(0.01, 0.002, (4, 80))
    apart = paired_bootstrap(level, baseline, paired=False)
    paired = paired_bootstrap(level, baseline, paired=True)
    assert paired.comparison == "better"
    assert paired.high - paired.low < (apart.high - apart.low) / 5


@pytest.mark.parametrize(("seeds", "of_seeds"), [(1, 0.0), (2, 0.02), (3, 0.01), (3, 0.02), (5, 0.01)])
@pytest.mark.parametrize("paired", [True, False])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(seeds, of_seeds, paired):
    rng = np.random.default_rng(4)
    trials, images = 300, 118
    covered = 0
    for trial in range(trials):
        baseline = rng.normal(0, of_seeds, (seeds, 1)) + rng.normal(0, 0.05, (seeds, images))
        level = 0.03 + rng.normal(0, of_seeds, (seeds, 1)) + rng.normal(0, 0.05, (seeds, images))
        found = paired_bootstrap(level, baseline, paired=paired, replicates=500, seed=trial)
        covered += found.low <= 0.03 <= found.high
    print(f"{seeds} seeds, paired {paired}: covered in {covered / trials:.1%} of {trials}")
    # three standard errors below 95 %; above it a study of few seeds that hardly differ is cautious
    assert covered / trials >= 0.95 - 3 * (0.95 * 0.05 / trials) ** 0.5


def test_a_true_difference_of_the_size_called_detectable_is_found_by_four_of_five_studies():
    rng = np.random.default_rng(10)
    baseline = np.zeros((1, 118))
    told = [paired_bootstrap(rng.normal(0, 0.05, (1, 118)), baseline, paired=True) for _ in range(40)]
    size = np.mean([each.detectable for each in told])
    found = [
        paired_bootstrap(rng.normal(size, 0.05, (1, 118)), baseline, paired=True, replicates=500)
        for _ in range(400)
    ]
    share = sum(each.comparison == "better" for each in found) / 400
    assert share == pytest.approx(0.8, abs=0.06)


def test_seeds_that_disagree_widen_the_interval():
    images = np.random.default_rng(5).random(50)
    baseline = np.stack([images] * 3)
    alike = paired_bootstrap(np.stack([images + 0.05] * 3), baseline, paired=True)
    apart = paired_bootstrap(np.stack([images - 0.05, images + 0.05, images + 0.15]), baseline, paired=True)
    assert alike.mean == pytest.approx(apart.mean)
    assert alike.comparison == "better"
    assert apart.comparison == "not distinguishable"
    assert apart.seeds == (3, 3)


def test_equal_scores_are_no_difference():
    scores = np.random.default_rng(11).random((3, 40))
    found = paired_bootstrap(scores, scores, paired=True)
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert found.comparison == "not distinguishable"


def test_many_images_are_drawn_in_pieces_without_changing_the_result_much():
    rng = np.random.default_rng(6)
    level, baseline = rng.random((1, 3000)), rng.random((1, 3000))
    found = paired_bootstrap(level, baseline, paired=True, replicates=1500)
    assert found.low < found.mean < found.high


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1))
def test_the_verdict_needs_an_interval_on_one_side_of_zero_and_a_small_corrected_p(mean, below, above, p):
    low, high = mean - below, mean + above
    found = difference(mean, low, high, adjusted_p=p)
    if p >= 0.05:
        assert found.comparison == "not distinguishable"
    else:
        expected = "better" if low > 0 else "worse" if high < 0 else "not distinguishable"
        assert found.comparison == expected


def test_holms_correction_is_that_of_the_textbook():
    # 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.04: never less than the one before
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holms_correction_keeps_false_findings_rare():
    rng = np.random.default_rng(12)
    false = sum(min(holm(list(rng.random(10)))) < 0.05 for _ in range(2000))
    assert false / 2000 == pytest.approx(0.05, abs=0.015)
