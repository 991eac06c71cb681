"""What the exporter tells of a store, from one listing to the next."""

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from kvjob.observe.exporter import Exporter
from kvjob.observe.meter import MeteredStore
from kvjob.observe.trainer import RunCollector
from kvjob.records import layout
from kvjob.records.attempt import EpochTiming, read_attempts
from kvjob.records.document import read_document
from kvjob.records.live import Live
from kvjob.records.run import History, Result
from kvjob.report.cost import cost
from kvjob.report.read import read_data
from kvjob.study.scores import SCORES
from scripts.observe.server import programs
from tests.unit.observe.shelf import Shelf, attempt, find, one, parse
from tests.unit.report.example import diverge, finish, make_study, start

LIVE_ONLY = ("kvjob_step", "kvjob_steps_per_epoch", "kvjob_time_left_seconds")


@dataclass
class Watched:
    """An exporter of a store, and what it said."""

    store: Shelf = field(default_factory=Shelf)
    said: list[str] = field(default_factory=list)
    price: float | None = None
    look: object = None

    def __post_init__(self) -> None:
        self.exporter = Exporter(self.store, self.price, self.look, self.said.append)

    def scrape(self) -> dict:
        self.exporter.refresh()
        return parse(self.exporter.page())


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_finished_run_has_the_numbers_of_its_history_and_result(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    finish(watched.store, run, epochs=20, best=15)
    samples = watched.scrape()
    rows = read_document(watched.store, layout.run(run.key, "history.json"), History).rows
    result = read_document(watched.store, layout.run(run.key, "result.json"), Result)
    parts = {"train": rows[-1].train, "validation": rows[-1].validation, "test": result.test}
    for part, scores in parts.items():
        assert one(samples, "kvjob_loss", run=run.key, part=part) == scores.loss
        for name in SCORES:
            value = getattr(scores.mean_over_images, name)
            assert one(samples, f"kvjob_{name}", run=run.key, part=part) == value
    assert one(samples, "kvjob_epoch", run=run.key) == 20
    assert one(samples, "kvjob_best_epoch", run=run.key) == 15
    assert one(samples, "kvjob_best_iou", run=run.key) == rows[14].validation.mean_over_images.iou
    assert one(samples, "kvjob_run_state", run=run.key, state="done") == 1
    assert one(samples, "kvjob_attempts", run=run.key, cause="finished") == 1
    assert one(samples, "kvjob_gpu_seconds", run=run.key) == 606


def test_trainer_and_exporter_tell_the_same_of_the_same_records(watched):
    """What a trainer says last is what the exporter goes on to say, series by series."""
    run = make_study(watched.store, "optimizer").runs[1]
    finish(watched.store, run, epochs=5)
    live = Live(
        study="paper",
        run=run,
        attempts=tuple(read_attempts(watched.store, run.key)),
        history=read_document(watched.store, layout.run(run.key, "history.json"), History).rows,
        result=read_document(watched.store, layout.run(run.key, "result.json"), Result),
    )
    live.progressed = live.attempts[-1].last_seen.timestamp()
    registry = CollectorRegistry()
    registry.register(RunCollector(live, MeteredStore(watched.store)))
    told = parse(generate_latest(registry))
    exported = watched.scrape()
    shared = {
        key: value
        for key, value in told.items()
        if key[0] not in LIVE_ONLY and not key[0].startswith("kvjob_store")
    }
    assert len(shared) > 30
    assert {key: exported.get(key) for key in shared} == shared


def test_a_run_whose_trainer_serves_it_is_left_to_the_trainer_until_it_ends(watched):
    store = watched.store
    run = make_study(store, "optimizer").runs[0]
    start(store, run, epochs=2)
    attempt(store, run.key, metrics_study="paper")
    samples = watched.scrape()
    mine = {name for name, labels in samples if ("run", run.key) in labels}
    assert mine == {"kvjob_run_state", "kvjob_run_roles", "kvjob_run_seconds", "kvjob_gpu_seconds"}
    assert one(samples, "kvjob_run_state", run=run.key, state="running") == 1
    attempt(store, run.key, metrics_study="paper", cause="interrupted", ended=datetime.now(UTC))
    samples = watched.scrape()
    assert one(samples, "kvjob_epoch", run=run.key) == 2
    assert one(samples, "kvjob_attempts", run=run.key, cause="interrupted") == 1
    assert one(samples, "kvjob_phase_seconds_total", run=run.key, phase="step") == 12


def test_a_trainer_that_was_killed_is_taken_over_when_it_has_been_silent(watched):
    store = watched.store
    run = make_study(store, "optimizer").runs[0]
    start(store, run, epochs=2)
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    attempt(store, run.key, metrics_study="paper", started=long_ago, last_seen=long_ago)
    samples = watched.scrape()
    assert one(samples, "kvjob_epoch", run=run.key) == 2
    assert one(samples, "kvjob_run_state", run=run.key, state="resume") == 1
    assert find(samples, "kvjob_attempts", run=run.key, cause="lost")
    assert not find(samples, "kvjob_attempts", run=run.key, cause="running")


def test_a_run_that_trains_without_serving_is_told_by_the_exporter(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    start(watched.store, run, epochs=2)
    attempt(watched.store, run.key)
    samples = watched.scrape()
    assert one(samples, "kvjob_epoch", run=run.key) == 2
    assert one(samples, "kvjob_attempts", run=run.key, cause="running") == 1
    assert one(samples, "kvjob_run_state", run=run.key, state="running") == 1


def test_a_run_that_two_studies_share_is_told_for_the_study_that_does_not_train_it(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    make_study(watched.store, "augmentation", name="other")
    start(watched.store, run, epochs=2)
    attempt(watched.store, run.key, metrics_study="paper")
    samples = watched.scrape()
    assert find(samples, "kvjob_epoch", run=run.key, study="other")
    assert not find(samples, "kvjob_epoch", run=run.key, study="paper")


def test_runs_that_wait_failed_or_diverged_are_there_too(watched):
    store = watched.store
    runs = make_study(store, "augmentation", "optimizer").runs
    diverge(store, runs[1], epochs=3)
    start(store, runs[2], epochs=1, cause="bug", message="a defect")
    store.write(layout.run(runs[3].key, "history.json"), b"{")
    samples = watched.scrape()
    states = {
        run.key: dict(next(iter(find(samples, "kvjob_run_state", run=run.key))))["state"] for run in runs
    }
    assert list(states.values()) == ["new", "diverged", "failed", "failed", *["new"] * (len(runs) - 4)]
    assert one(samples, "kvjob_loss_not_finite", run=runs[1].key) == 1
    assert one(samples, "kvjob_epoch", run=runs[0].key) == 0
    counts = {dict(labels)["state"]: value for labels, value in find(samples, "kvjob_study_runs").items()}
    expected = {"new": len(runs) - 3, "running": 0, "resume": 0, "done": 0, "failed": 2, "diverged": 1}
    assert counts == expected
    assert one(samples, "kvjob_study_planned_runs", study="paper") == len(runs)
    assert [line for line in watched.said if "history.json" in line] == watched.said
    assert len(watched.said) == 1


def test_roles_tell_every_experiment_that_looks_at_a_run(watched):
    run = make_study(watched.store, "augmentation", "optimizer").runs[0]
    roles = find(watched.scrape(), "kvjob_run_roles", run=run.key)
    assert {
        tuple(dict(labels)[name] for name in ("experiment", "level", "baseline")) for labels in roles
    } == {
        ("augmentation", "none", "true"),
        ("optimizer", "adam", "true"),
    }


def test_the_difference_is_from_the_baseline_of_the_same_seed(watched):
    runs = make_study(watched.store, "optimizer", seeds=2).runs
    for run in runs:
        if (run.roles[0].level, run.config.seed) != ("adam", 1):
            finish(watched.store, run, epochs=3)
    samples = watched.scrape()
    found = find(samples, "kvjob_iou_difference")
    assert {(dict(labels)["level"], dict(labels)["seed"]) for labels in found} == {
        ("sgd", "0"),
        ("rmsprop", "0"),
    }
    test = {
        run.key: one(samples, "kvjob_iou", run=run.key, part="test") for run in runs if run.config.seed == 0
    }
    base = test[runs[0].key]
    for key, value in test.items():
        if key != runs[0].key:
            assert one(samples, "kvjob_iou_difference", run=key) == value - base


def test_wasted_time_is_that_of_the_report_by_cause(watched):
    store = watched.store
    runs = make_study(store, "optimizer").runs
    begin = datetime.now(UTC) - timedelta(hours=1)

    def epochs(*numbers: int) -> tuple[EpochTiming, ...]:
        return tuple(EpochTiming(epoch=n, seconds=10, images_per_second=1, phases={}) for n in numbers)

    def leave(run, number: int, seconds: float, **fields) -> None:
        end = begin + timedelta(seconds=seconds)
        attempt(store, run.key, number, started=begin, last_seen=end, ended=end, device_kind="cuda", **fields)

    finish(store, runs[0], epochs=5)
    leave(runs[0], 1, 45, cause="lost", epochs=epochs(1, 2, 3))
    leave(runs[0], 2, 30, cause="cuda-oom", epochs=epochs(3), resumed_from=2)
    leave(runs[0], 3, 60, cause="finished", epochs=epochs(4, 5), resumed_from=3)
    leave(runs[1], 1, 25, cause="interrupted", epochs=epochs(1, 2))
    leave(runs[2], 1, 7, cause="bug", epochs=())
    samples = watched.scrape()
    wasted = {}
    for labels, value in find(samples, "kvjob_wasted_seconds").items():
        wasted[dict(labels)["run"], dict(labels)["cause"]] = value
    # the first ran on a third epoch that nobody built on, and both start-ups were for nothing
    expected = {(runs[0].key, "lost"): 25, (runs[0].key, "cuda-oom"): 20}
    assert wasted == {**expected, (runs[1].key, "interrupted"): 5, (runs[2].key, "bug"): 7}
    assert sum(wasted.values()) == pytest.approx(cost(read_data(store, "paper").runs).wasted_hours * 3600)


def test_cost_is_gpu_hours_times_the_price_and_absent_without_one():
    watched = Watched(price=3.0)
    runs = make_study(watched.store, "optimizer").runs
    finish(watched.store, runs[0], epochs=20)
    attempt(watched.store, runs[1].key, cause="interrupted", ended=datetime.now(UTC))
    samples = watched.scrape()
    assert one(samples, "kvjob_cost", study="paper") == pytest.approx(606 / 3600 * 3)
    assert one(samples, "kvjob_gpu_seconds", run=runs[1].key) == 0
    assert one(samples, "kvjob_run_seconds", run=runs[1].key) == pytest.approx(30)
    assert not find(Watched(store=watched.store).scrape(), "kvjob_cost")


def test_what_did_not_change_is_not_read_again(watched):
    store = watched.store
    runs = make_study(store, "optimizer").runs
    for run in runs:
        finish(store, run, epochs=3)
    watched.scrape()
    store.reads.clear()
    watched.scrape()
    assert dict(store.reads) == {"list studies/": 1, "list runs/": 1}
    store.reads.clear()
    attempt(store, runs[1].key, 2)
    watched.scrape()
    assert {key.split("/")[1] for key in store.reads if not key.startswith("list")} == {runs[1].key}


def test_what_was_written_just_now_is_read_once_more(watched):
    """A store may tell times in whole seconds: a second write within one of them would not show."""
    run = make_study(watched.store, "optimizer").runs[0]
    attempt(watched.store, run.key)
    watched.store.written = dict.fromkeys(watched.store.written, datetime.now(UTC))
    assert one(watched.scrape(), "kvjob_attempts", run=run.key, cause="running") == 1
    fields = {"cause": "lost", "message": "."}  # as many bytes, at the same time
    before = len(watched.store.objects[layout.attempt(run.key, 1)])
    attempt(watched.store, run.key, **fields)
    watched.store.written = dict.fromkeys(watched.store.written, datetime.now(UTC))
    assert abs(len(watched.store.objects[layout.attempt(run.key, 1)]) - before) < 60
    assert one(watched.scrape(), "kvjob_attempts", run=run.key, cause="lost") == 1


def test_runs_and_studies_that_were_deleted_are_forgotten(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    make_study(watched.store, "augmentation", name="other")
    finish(watched.store, run, epochs=3)
    assert find(watched.scrape(), "kvjob_study_planned_runs", study="other")
    watched.store.delete(layout.study("other", "plan.json"))
    for key in [key for key in watched.store.objects if key.startswith(layout.run(run.key))]:
        watched.store.delete(key)
    samples = watched.scrape()
    assert not find(samples, "kvjob_study_planned_runs", study="other")
    assert one(samples, "kvjob_run_state", run=run.key, state="new") == 1


def test_a_store_that_is_away_leaves_the_last_values_and_says_so_once(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    finish(watched.store, run, epochs=3)
    before = watched.scrape()
    watched.store.away = True
    for _ in range(2):
        away = watched.scrape()
        assert one(away, "kvjob_exporter_store_up") == 0
        moving = ("kvjob_exporter", "kvjob_store")
        assert {key: value for key, value in away.items() if not key[0].startswith(moving)} == {
            key: value for key, value in before.items() if not key[0].startswith(moving)
        }
        stamp = "kvjob_exporter_up_to_date_timestamp_seconds"
        assert one(away, stamp) == one(before, stamp)
    assert len(watched.said) == 1
    assert "could not be reached" in watched.said[0]
    watched.store.away = False
    finish(watched.store, run, epochs=4)
    after = watched.scrape()
    assert one(after, "kvjob_exporter_store_up") == 1
    assert one(after, "kvjob_epoch", run=run.key) == 4
    assert watched.said[1:] == ["store: can be read again"]
    assert one(after, "kvjob_store_errors_total", operation="list") == 2


def test_a_store_that_was_never_read_is_not_ready(watched):
    watched.store.away = True
    samples = watched.scrape()
    assert one(samples, "kvjob_exporter_store_up") == 0
    assert not watched.exporter.ready
    watched.store.away = False
    watched.scrape()
    assert watched.exporter.ready


def test_a_damaged_plan_leaves_the_runs_that_were_planned_before(watched):
    plan = make_study(watched.store, "optimizer")
    watched.scrape()
    watched.store.write(layout.study("paper", "plan.json"), b"{}")
    assert one(watched.scrape(), "kvjob_study_planned_runs", study="paper") == len(plan.runs)
    watched.scrape()
    assert len(watched.said) == 1


def test_checkpoints_are_told_by_the_listing(watched):
    run = make_study(watched.store, "optimizer").runs[0]
    start(watched.store, run, epochs=2)
    attempt(watched.store, run.key)
    for epoch, files in ((1, ("a", "bc")), (2, ("abc", "defg")), (3, ("not whole",))):
        for name, data in zip(("model.safetensors", "training.safetensors"), files, strict=False):
            watched.store.write(layout.checkpoint(run.key, epoch, "0" * 8, name), data.encode())
        if epoch < 3:
            watched.store.write(layout.checkpoint(run.key, epoch, "0" * 8, "manifest.json"), b"{}")
    samples = watched.scrape()
    assert one(samples, "kvjob_checkpoint_bytes", run=run.key) == 7
    written = watched.store.written[layout.checkpoint(run.key, 2, "0" * 8, "manifest.json")]
    assert one(samples, "kvjob_checkpoint_timestamp_seconds", run=run.key) == written.timestamp()


@dataclass
class Seen:
    waiting: dict = field(default_factory=dict)
    gpus: dict = field(default_factory=dict)
    trouble: str = ""


def test_the_cluster_is_asked_about_the_studies_of_the_store():
    asked, answers = (
        [],
        [Seen({("paper", "no free GPU"): 3}, {"allocatable": 4.0}), Seen(trouble="no answer")],
    )

    def look(studies):
        asked.append(studies)
        return answers[len(asked) - 1]

    watched = Watched(look=look)
    make_study(watched.store, "optimizer")
    samples = watched.scrape()
    assert asked == [("paper",)]
    assert one(samples, "kvjob_pods_waiting", study="paper", reason="no free GPU") == 3
    assert one(samples, "kvjob_gpus", state="allocatable") == 4
    assert one(samples, "kvjob_exporter_cluster_up") == 1
    samples = watched.scrape()
    assert not find(samples, "kvjob_pods_waiting")
    assert one(samples, "kvjob_exporter_cluster_up") == 0
    assert watched.said == ["no answer"]


def test_the_exposition_passes_promtools_lint(watched):
    try:
        promtool = programs() / "promtool"
    except FileNotFoundError as error:
        pytest.skip(str(error))
    watched.exporter = Exporter(
        watched.store, 2.0, lambda _: Seen({("paper", "x"): 1}, {"bound": 1.0}), print
    )
    runs = make_study(watched.store, "optimizer").runs
    finish(watched.store, runs[0], epochs=3)
    start(watched.store, runs[1], epochs=3, cause="interrupted")
    watched.scrape()
    page = watched.exporter.page()
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
