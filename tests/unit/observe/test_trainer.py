"""What a trainer tells of its run, and how long it thinks it will take."""

import time
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from kvjob.errors import StoreError
from kvjob.observe.labels import FIELDS, LABELS, name_run
from kvjob.observe.meter import MeteredStore
from kvjob.observe.time_left import epochs_left, seconds_left
from kvjob.observe.trainer import RunCollector
from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.document import read_document
from kvjob.records.live import Gpu, Live, Saved
from kvjob.records.run import EpochRow, History, PhaseScores
from kvjob.study import TrainConfig
from kvjob.study.scores import SCORES, Scores
from tests.unit.observe.shelf import Shelf, find, one, parse
from tests.unit.report.example import finish, make_study

NOW = datetime.now(UTC)


def scrape(live: Live, store: Shelf | None = None) -> dict:
    registry = CollectorRegistry()
    registry.register(RunCollector(live, MeteredStore(store or Shelf())))
    return parse(generate_latest(registry))


@pytest.fixture
def live() -> Live:
    """A run in its fourth epoch, 5 s after that began."""
    store = Shelf()
    plan = make_study(store, "optimizer")
    run = next(run for run in plan.runs if run.roles[0].level == "sgd")
    finish(store, run, epochs=3, best=2)
    history = read_document(store, layout.run(run.key, "history.json"), History).rows
    timings = tuple(
        EpochTiming(epoch=n, seconds=20, images_per_second=30, phases={"step": 18.0, "checkpoint": 1.0})
        for n in (1, 2, 3)
    )
    attempt = Attempt(number=1, started=NOW, last_seen=NOW, epochs=timings)
    moment = time.time()
    return Live(
        watched=True,
        study="paper",
        run=run,
        attempts=(attempt,),
        history=history,
        epoch_began=moment - 5,
        step=10,
        steps=59,
        progressed=moment - 1,
        checkpoint=Saved(moment - 6, 1234),
    )


def test_nothing_is_told_before_the_plan_is_read():
    assert scrape(Live()) == {}


def test_every_series_has_the_labels_of_the_run_and_no_others_than_are_stated(live):
    extra = {
        "kvjob_phase_seconds_total": {"phase"},
        "kvjob_attempts": {"cause"},
        "kvjob_run_info": set(FIELDS),
        **{f"kvjob_{name}": {"part"} for name in ("loss", *SCORES)},
        **{f"kvjob_store_{what}_total": {"operation"} for what in ("seconds", "operations", "errors")},
    }
    samples = scrape(live)
    assert len(samples) < 60
    for name, labels in samples:
        values = dict(labels)
        assert set(values) == {*LABELS, *extra.get(name, set())}
        place = (values["study"], values["experiment"], values["level"], values["seed"], values["run"])
        assert place == ("paper", "optimizer", "sgd", "0", live.run.key)


def test_a_run_of_the_base_configuration_is_called_baseline_in_every_study():
    store = Shelf()
    run = make_study(store, "optimizer", "augmentation", seeds=2).runs[1]
    named = name_run("paper", run)
    assert named.labels == ("paper", "baseline", "baseline", "1", run.key)
    assert {role[0] for role in named.roles} == {"optimizer", "augmentation"}


def test_scores_are_those_of_the_last_epoch_and_the_best_is_named(live):
    samples = scrape(live)
    last, best = live.history[-1], live.history[1]
    for name in SCORES:
        for part in ("train", "validation"):
            expected = getattr(getattr(last, part).mean_over_images, name)
            assert one(samples, f"kvjob_{name}", part=part) == expected
    assert one(samples, "kvjob_loss", part="validation") == last.validation.loss
    assert not find(samples, "kvjob_iou", part="test")
    assert one(samples, "kvjob_best_iou") == best.validation.mean_over_images.iou
    numbers = {
        "epoch": 3, "epochs_planned": 100, "best_epoch": 2, "learning_rate": 1e-4, "images_per_second": 30,
        "step": 10, "steps_per_epoch": 59, "checkpoint_bytes": 1234, "loss_not_finite": 0,
    }  # fmt: skip
    assert {name: one(samples, f"kvjob_{name}") for name in numbers} == numbers
    assert one(samples, "kvjob_phase_seconds_total", phase="step") == 54
    assert one(samples, "kvjob_attempts", cause="running") == 1
    assert one(samples, "kvjob_last_progress_timestamp_seconds") == pytest.approx(live.progressed)
    assert one(samples, "kvjob_run_info", optimizer="sgd", batch_size="16", deterministic="false") == 1


def test_gpu_values_are_there_with_a_gpu_only(live):
    assert not [name for name, _ in scrape(live) if "gpu" in name]
    live.gpu = lambda: Gpu(2_000_000_000, 0.75)
    live.attempts = (live.attempts[0].model_copy(update={"device_kind": "cuda", "peak_memory_bytes": 3}),)
    samples = scrape(live)
    assert one(samples, "kvjob_gpu_memory_bytes") == 2_000_000_000
    assert one(samples, "kvjob_gpu_memory_peak_bytes") == 3
    assert one(samples, "kvjob_gpu_utilization_ratio") == 0.75
    live.gpu = lambda: Gpu(1, None)
    assert not find(scrape(live), "kvjob_gpu_utilization_ratio")


def test_divergence_shows_at_once(live):
    live.diverged = True
    assert one(scrape(live), "kvjob_loss_not_finite") == 1


def test_in_the_first_epoch_speed_and_time_are_those_of_its_steps(live):
    live.history, live.attempts = (), (live.attempts[0].model_copy(update={"epochs": ()}),)
    samples = scrape(live)
    assert one(samples, "kvjob_epoch") == 0
    assert one(samples, "kvjob_images_per_second") == pytest.approx(10 * 16 / 4)
    # 4 s for 10 of 59 steps, 100 epochs, 5 s of the first one gone
    assert one(samples, "kvjob_time_left_seconds") == pytest.approx(100 * 23.6 - 5, abs=0.5)
    live.step = 0
    assert not find(scrape(live), "kvjob_time_left_seconds")


def test_a_store_is_timed_and_its_failures_are_counted(live):
    shelf = Shelf()
    metered = MeteredStore(shelf)
    metered.write("a", b"1")
    assert metered.read("a") == b"1"
    assert [entry.key for entry in metered.list("")] == ["a"]
    with pytest.raises(KeyError):
        metered.read("b")
    shelf.away = True
    with pytest.raises(StoreError):
        metered.read("a")
    registry = CollectorRegistry()
    registry.register(RunCollector(live, metered))
    samples = parse(generate_latest(registry))
    assert one(samples, "kvjob_store_operations_total", operation="read") == 3
    assert one(samples, "kvjob_store_errors_total", operation="read") == 1
    assert one(samples, "kvjob_store_errors_total", operation="write") == 0
    assert one(samples, "kvjob_store_seconds_total", operation="write") > 0


def rows(*best: bool) -> list[EpochRow]:
    scores = Scores(iou=0.5, dice=0.5, precision=0.5, recall=0.5, accuracy=0.5)
    phase = PhaseScores(loss=1, mean_over_images=scores, over_all_pixels=scores)
    return [
        EpochRow(epoch=n, learning_rate=1, train=phase, validation=phase, best=each)
        for n, each in enumerate(best, 1)
    ]


CONFIG = TrainConfig(epochs=100, early_stop_patience=10)


def test_a_run_that_always_improves_is_expected_to_train_all_its_epochs():
    assert epochs_left([], CONFIG) == 100
    assert epochs_left(rows(*[True] * 30), CONFIG) == 70


def test_a_run_that_no_longer_improves_is_expected_to_end_with_its_patience():
    history = rows(*[True] * 30, *[False] * 10)
    assert epochs_left(history[:40], CONFIG) == 0
    # nine of ten are spent, but one of the last ten was better: the next may be, and give ten more
    assert 1 < epochs_left(history[:39], CONFIG) < 3
    short = CONFIG.model_copy(update={"epochs": 41})
    assert epochs_left(rows(*[True] * 30, *[False] * 6), short) == 5


def test_the_more_often_a_run_improves_the_longer_it_is_expected_to_go_on():
    often, seldom = [True, False] * 20, ([True] + [False] * 4) * 8
    config = CONFIG.model_copy(update={"epochs": 100_000})
    left = [epochs_left(rows(*each), config) for each in (often, seldom)]
    # trials until ten failures in a row, by the textbook's formula
    assert left[0] == pytest.approx((2**10 - 2) / 0.5)
    assert left[1] == pytest.approx((0.8**-10 - 0.8**-4) / 0.2)


def test_the_time_left_takes_the_last_epochs_as_the_measure(live):
    expected = epochs_left(live.history, live.run.config) * 21 - 5
    assert seconds_left(live, live.epoch_began + 5) == pytest.approx(expected)
    # an epoch that takes longer than those before is not counted against those to come
    assert seconds_left(live, live.epoch_began + 500) == pytest.approx(expected + 5 - 21)


def test_the_patience_of_an_estimate_may_be_as_large_as_a_configuration_allows():
    config = TrainConfig(epochs=100_000, early_stop_patience=100_000)
    assert epochs_left(rows(True, False, True), config) == 99_997
