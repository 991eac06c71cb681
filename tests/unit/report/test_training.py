import pytest

from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.run import EpochRow, PhaseScores
from kvjob.report.course import Course
from kvjob.report.read import Run, read_data
from kvjob.report.training import (
    epochs_to_nearly_best,
    images_per_second,
    spread_of_last_epochs,
    useful_hours,
)
from kvjob.study import PlannedRun
from kvjob.study.scores import Scores
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, write_attempt
from tests.unit.report.test_summary import levels


@pytest.fixture
def planned(store: MemoryStore) -> PlannedRun:
    return make_study(store, "optimizer").runs[0]


def run_with(planned: PlannedRun, ious: list[float], speeds: list[float] = ()) -> Run:
    rows = tuple(
        EpochRow(epoch=i, learning_rate=1e-4, train=_phase(0.9), validation=_phase(iou), best=True)
        for i, iou in enumerate(ious, start=1)
    )
    timings = tuple(
        EpochTiming(epoch=i, seconds=30, images_per_second=speed, phases={})
        for i, speed in enumerate(speeds, start=1)
    )
    attempts = (Attempt(number=1, started=NOW, last_seen=NOW, epochs=timings),) if timings else ()
    return Run(planned, "finished", "", attempts=attempts, course=Course(rows))


def _phase(iou: float) -> PhaseScores:
    scores = Scores(iou=iou, dice=iou, precision=iou, recall=iou, accuracy=iou)
    return PhaseScores(loss=1 - iou, mean_over_images=scores, over_all_pixels=scores)


@pytest.mark.parametrize(
    ("ious", "epoch"),
    [
        ([0.1, 0.75, 0.77, 0.8, 0.7], 3),  # 95 % of 0.8 is 0.76
        ([0.8, 0.1], 1),
        ([0.5, 0.95, 1.0], 2),
        ([0.0, 0.0], None),
        ([], None),
    ],
)
def test_a_run_has_converged_at_its_first_epoch_within_95_percent_of_its_best(planned, ious, epoch):
    assert epochs_to_nearly_best(run_with(planned, ious)) == epoch


def test_stability_is_the_standard_deviation_of_the_last_five_epochs_in_points(planned):
    ious = [0.1, 0.2, 0.80, 0.81, 0.82, 0.83, 0.84]
    # deviations -2, -1, 0, 1, 2 points: sum of squares 10, over 4
    assert spread_of_last_epochs(run_with(planned, ious)) == pytest.approx(2.5**0.5)
    assert spread_of_last_epochs(run_with(planned, [0.8] * 5)) == pytest.approx(0)


def test_fewer_than_five_epochs_have_no_stability(planned):
    assert spread_of_last_epochs(run_with(planned, [0.8, 0.81, 0.82, 0.83])) is None


def test_speed_is_not_moved_by_one_slow_epoch(planned):
    assert images_per_second(run_with(planned, [0.5] * 5, [3.0, 150.0, 160.0, 161.0, 155.0])) == 155
    assert images_per_second(run_with(planned, [0.5])) is None


def test_hours_of_a_run_leave_out_what_an_interruption_wasted(store: MemoryStore):
    plan = make_study(store, "optimizer")
    for run in plan.runs:
        finish(store, run, epochs=6, samples=1, side=16)
    # six epochs of 30 s and 6 s to start; then again, having lost two of four epochs on the way
    again = plan.runs[1]
    write_attempt(store, again, 1, epochs=range(1, 5), cause="lost")
    write_attempt(store, again, 2, epochs=range(3, 7), cause="finished", resumed_from=2)
    runs = {run.planned.roles[0].level: run for run in read_data(store, "paper", NOW).runs}
    assert useful_hours(runs["adam"]) == pytest.approx(186 / 3600)
    assert useful_hours(runs["sgd"]) == pytest.approx(186 / 3600)
    assert levels(store)["sgd"].cost.hours == pytest.approx((126 + 126) / 3600)


def test_levels_say_how_they_trained_over_the_seeds_that_finished(store: MemoryStore):
    plan = make_study(store, "optimizer", seeds=2)
    for run in plan.runs:
        if (run.roles[0].level, run.config.seed) != ("sgd", 1):
            finish(store, run, epochs=7, samples=1, side=16)
    found = levels(store)
    assert [found["adam"].images_per_second.mean, found["adam"].images_per_second.std] == [160, 0]
    assert (found["sgd"].hours_per_run.n, found["adam"].hours_per_run.n) == (1, 2)
    assert found["adam"].hours_per_run.mean == pytest.approx(found["sgd"].hours_per_run.mean)
    assert 1 <= found["adam"].epochs_to_95.mean <= 7
    assert found["adam"].stability.mean > 0


def test_a_level_without_a_finished_run_says_nothing_of_training(store: MemoryStore):
    make_study(store, "optimizer")
    found = levels(store)["adam"]
    said = (found.epochs_to_95, found.stability, found.images_per_second, found.hours_per_run)
    assert said == (None, None, None, None)
    assert found.pareto == ()
