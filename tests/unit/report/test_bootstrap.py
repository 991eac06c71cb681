import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kvjob.report.bootstrap import holm, paired_bootstrap
from tests.unit.report.differences import difference

NUMBERS = ("mean", "low", "high", "p", "detectable", "images_error", "seeds_error")


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


@pytest.mark.parametrize("paired", [True, False])
def test_adding_the_same_to_both_sides_changes_nothing(paired):
    rng = np.random.default_rng(13)
    level, baseline = rng.normal(0.7, 0.1, (3, 40)), rng.normal(0.69, 0.1, (3, 40))
    found = paired_bootstrap(level, baseline, paired=paired).model_dump()
    shifted = paired_bootstrap(level + 0.2, baseline + 0.2, paired=paired).model_dump()
    assert [shifted[name] for name in NUMBERS] == pytest.approx([found[name] for name in NUMBERS])


@pytest.mark.parametrize("paired", [True, False])
def test_turning_the_sides_round_turns_the_sign(paired):
    rng = np.random.default_rng(14)
    level, baseline = rng.normal(0.7, 0.1, (3, 400)), rng.normal(0.69, 0.1, (3, 400))
    one = paired_bootstrap(level, baseline, paired=paired)
    other = paired_bootstrap(baseline, level, paired=paired)
    assert other.mean == pytest.approx(-one.mean)
    assert other.p == pytest.approx(one.p, rel=0.05)
    half = (one.high - one.low) / 2
    assert [-other.high, -other.low] == pytest.approx([one.low, one.high], abs=0.05 * half)


def test_seeds_without_spread_at_any_image_are_one_seed():
    images = np.random.default_rng(15).normal(0.01, 0.05, 118)
    one = paired_bootstrap(images[None], np.zeros((1, 118)), paired=True)
    three = paired_bootstrap(np.stack([images] * 3), np.zeros((3, 118)), paired=True)
    assert (three.mean, three.seeds_error) == (pytest.approx(one.mean), 0)
    assert three.images_error == pytest.approx(one.images_error)
    assert [three.low, three.high] == pytest.approx([one.low, one.high])


def test_images_without_spread_leave_students_t_of_the_seeds():
    apart = np.array([0.01, 0.03, 0.035])
    found = paired_bootstrap(np.tile(apart[:, None], 118), np.zeros((3, 118)), paired=True)
    low, high = stats.ttest_1samp(apart, 0).confidence_interval(0.95)
    assert found.images_error == 0
    assert found.seeds_error == pytest.approx(stats.sem(apart), rel=0.02)
    assert found.p == pytest.approx(stats.ttest_1samp(apart, 0).pvalue, rel=0.05)
    # to the side where the resamples lean it may be longer, never shorter
    assert found.low < low + 0.03 * (high - low)
    assert found.high > high - 0.03 * (high - low)


def test_its_standard_errors_are_those_of_the_analysis_of_variance():
    rng = np.random.default_rng(16)
    apart = 0.02 + rng.normal(0, 0.02, (4, 1)) + rng.normal(0, 0.05, (1, 50)) + rng.normal(0, 0.03, (4, 50))
    found = paired_bootstrap(apart, np.zeros((4, 50)), paired=True, replicates=100_000)
    rest = apart - apart.mean(axis=0) - apart.mean(axis=1, keepdims=True) + apart.mean()
    rest_mean_square = (rest**2).sum() / (3 * 49)
    images_mean_square = 4 * apart.mean(axis=0).var(ddof=1)
    assert found.seeds_error == pytest.approx(apart.mean(axis=1).std(ddof=1) / 2, rel=0.01)
    assert found.images_error == pytest.approx(
        ((images_mean_square - rest_mean_square) / apart.size) ** 0.5, rel=0.01
    )


def test_a_correction_for_more_comparisons_raises_what_is_detectable_and_leaves_the_interval():
    rng = np.random.default_rng(17)
    alone = paired_bootstrap(rng.normal(0.02, 0.05, (3, 60)), np.zeros((3, 60)), paired=True)
    of_ten = alone.corrected(0.3, 10)
    assert (of_ten.adjusted_p, of_ten.comparisons) == (0.3, 10)
    assert of_ten.detectable > alone.detectable
    assert (of_ten.low, of_ten.high, of_ten.p) == (alone.low, alone.high, alone.p)
    assert of_ten.corrected(alone.p, 1) == alone


def test_the_interval_reaches_further_to_the_side_of_a_few_extreme_images():
    apart = np.zeros((1, 60))
    apart[0, :4] = 0.5
    found = paired_bootstrap(apart, np.zeros((1, 60)), paired=True)
    assert found.high - found.mean > 1.1 * (found.mean - found.low)


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
