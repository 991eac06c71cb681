"""A run watched from its first step to long after its end: by its trainer, then by the exporter."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.records.document import read_document
from kvjob.records.run import EpochRow, History, PhaseScores, Result
from kvjob.store import Store, open_store
from kvjob.study import Plan
from kvjob.study.scores import SCORES
from tests.asking import ask
from tests.integration.gate import Gate
from tests.integration.study import command, make_plan
from tests.unit.observe.shelf import Samples, find, one, parse

ONE = """
name: one
preset: smoke
base: {batch_size: 4, epochs: 9}
experiments: [{name: momentum, levels: [0.5]}]
"""
BOTH = ("kvjob_epoch", "kvjob_loss", "kvjob_run_info", "kvjob_attempts", "kvjob_phase_seconds_total")
"""Some of the metrics that trainer and exporter share."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str = "/metrics") -> tuple[int, bytes]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def scrape(port: int) -> Samples | None:
    """What is served there; nothing if nobody answers."""
    try:
        return parse(get(port)[1])
    except (URLError, OSError):
        return None


def until(port: int, condition: Callable[[Samples], object], seconds: float = 30) -> Samples:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        samples = scrape(port)
        if samples and condition(samples):
            return samples
        time.sleep(0.1)
    raise AssertionError(f"did not come to pass in {seconds} s: {samples}")


@dataclass
class Exporter:
    port: int
    process: "subprocess.Popen[bytes]"


@contextmanager
def exporter(url: str, interval: float = 1, **environment: str) -> Iterator[Exporter]:
    port = free_port()
    line = command("exporter", "--store", url, "--port", port, "--interval", interval)
    process = subprocess.Popen(line, env={**os.environ, **environment}, stderr=subprocess.PIPE)
    try:
        yield Exporter(port, process)
    finally:
        process.kill()
        process.wait()


@dataclass
class Watched:
    """A run that was trained while both were scraped, and what they said."""

    store: Store
    plan: Plan
    live: list[Samples] = field(default_factory=list)
    beside: list[Samples] = field(default_factory=list)
    """The exporter, while the trainer was training."""
    after: Samples = field(default_factory=dict)
    """The exporter, when the trainer was gone."""
    seconds: float = 0.0
    """From the trainer's end until the exporter had taken over."""


@pytest.fixture(scope="module")
def watched(tiny_data, tmp_path_factory) -> Watched:
    folder = tmp_path_factory.mktemp("watched")
    url = str(folder / "store")
    found = Watched(open_store(url), make_plan(open_store(url), ONE, tiny_data))
    key, port = found.plan.runs[0].key, free_port()
    with exporter(url) as other:
        until(other.port, lambda samples: find(samples, "kvjob_run_state", state="new"))
        line = command("train", key, "--study", "one", "--store", url, "--metrics-port", port)
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as trainer:
            while trainer.poll() is None:
                live, beside = scrape(port), scrape(other.port)
                if live and find(live, "kvjob_attempts"):
                    found.live.append(live)
                    if find(beside or {}, "kvjob_run_state", run=key, state="running"):
                        found.beside.append(beside or {})
                time.sleep(0.05)
            assert trainer.returncode == 0
        ended = time.monotonic()
        found.after = until(
            other.port, lambda samples: find(samples, "kvjob_run_state", run=key, state="done")
        )
        found.seconds = time.monotonic() - ended
    return found


def check(samples: Samples, part: str, scores: PhaseScores, key: str) -> None:
    assert one(samples, "kvjob_loss", run=key, part=part) == scores.loss
    for name in SCORES:
        value = getattr(scores.mean_over_images, name)
        assert one(samples, f"kvjob_{name}", run=key, part=part) == value


def rows_of(watched: Watched) -> tuple[str, tuple[EpochRow, ...]]:
    key = watched.plan.runs[0].key
    return key, read_document(watched.store, layout.run(key, "history.json"), History).rows


def test_while_a_run_trains_every_scrape_equals_its_history(watched):
    key, rows = rows_of(watched)
    seen = set()
    for samples in watched.live:
        epoch = int(one(samples, "kvjob_epoch"))
        seen.add(epoch)
        if epoch == 0:
            assert not find(samples, "kvjob_iou")
            continue
        row = rows[epoch - 1]
        check(samples, "train", row.train, key)
        check(samples, "validation", row.validation, key)
        best = max((each for each in rows[:epoch] if each.best), key=lambda each: each.epoch)
        assert one(samples, "kvjob_best_epoch") == best.epoch
        assert one(samples, "kvjob_best_iou") == best.validation.mean_over_images.iou
        assert one(samples, "kvjob_learning_rate") == row.learning_rate
        assert 0 <= one(samples, "kvjob_step") <= one(samples, "kvjob_steps_per_epoch") == 4
        assert one(samples, "kvjob_time_left_seconds") >= 0
    assert len(seen) > 6, f"only epochs {seen} were seen"


def test_the_last_scrape_of_the_trainer_has_what_the_records_have(watched):
    key, _ = rows_of(watched)
    [attempt] = read_attempts(watched.store, key)
    last = watched.live[-1]  # of the last epoch, if this machine was not too busy to look at that moment
    epochs = attempt.epochs[: int(one(last, "kvjob_epoch"))]
    assert len(epochs) > 6
    for phase in ("data", "step", "validation", "checkpoint"):
        expected = sum(timing.phases[phase] for timing in epochs)
        assert one(last, "kvjob_phase_seconds_total", phase=phase) == pytest.approx(expected)
    assert one(last, "kvjob_images_per_second") == epochs[-1].images_per_second
    assert one(last, "kvjob_run_info", run=key, momentum="0.9", encoder="tu-mobilenetv3_small_100") == 1
    assert attempt.metrics_study == "one"
    assert one(last, "kvjob_checkpoint_bytes") > 1_000_000
    assert one(last, "kvjob_store_operations_total", operation="write") > len(epochs)
    assert one(last, "kvjob_store_errors_total", operation="write") == 0
    assert abs(one(last, "kvjob_last_progress_timestamp_seconds") - attempt.last_seen.timestamp()) < 60


def test_trainer_and_exporter_never_tell_of_a_run_twice(watched):
    key = watched.plan.runs[0].key
    assert len(watched.beside) > 10
    for beside in watched.beside:
        assert not [name for name in BOTH if find(beside, name, run=key)]
        # the run that waits is the exporter's all the time
        assert find(beside, "kvjob_epoch", run=watched.plan.runs[1].key)
        assert one(beside, "kvjob_study_runs", study="one", state="running") == 1


def test_after_its_end_nothing_of_a_run_is_lost(watched):
    key, rows = rows_of(watched)
    result = read_document(watched.store, layout.run(key, "result.json"), Result)
    check(watched.after, "train", rows[-1].train, key)
    check(watched.after, "validation", rows[-1].validation, key)
    check(watched.after, "test", result.test, key)
    assert one(watched.after, "kvjob_epoch", run=key) == result.epochs
    assert one(watched.after, "kvjob_best_epoch", run=key) == result.best_epoch
    assert one(watched.after, "kvjob_attempts", run=key, cause="finished") == 1
    told = {
        (name, labels)
        for name, labels in watched.live[-1]
        if not name.startswith(("kvjob_store", "kvjob_step", "kvjob_time_left", "kvjob_attempts"))
    }
    assert told <= set(watched.after)
    assert watched.seconds < 5, "with an interval of 1 s"
    info = find(watched.after, "kvjob_run_info", run=key)
    assert info == find(watched.live[-1], "kvjob_run_info", run=key)


def test_a_port_that_is_taken_is_a_warning_and_the_run_goes_on(tiny_data, tmp_path):
    store = open_store(str(tmp_path / "store"))
    key = make_plan(store, ONE, tiny_data, base={"epochs": 1}).runs[0].key
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        port = taken.getsockname()[1]
        arguments = ("train", key, "--study", "one", "--store", store.url)
        done = ask(*arguments, environment={"KVJOB_METRICS_PORT": str(port)})
    assert done.code == 0
    assert done.err.startswith(
        f"warning: port {port}: no metrics can be served there (address already in use)"
    )
    [attempt] = read_attempts(store, key)
    assert attempt.cause == "finished"
    assert attempt.metrics_study == ""


def test_an_exporter_whose_port_is_taken_says_so(tmp_path):
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        done = ask("exporter", "--store", tmp_path, "--port", taken.getsockname()[1])
    assert done.code == 78
    assert "Choose another port." in done.err


@pytest.mark.parametrize("running_server", ["moto"], indirect=True)
def test_an_outage_of_the_store_keeps_the_last_values_and_its_end_is_noticed(
    s3_server, s3_url, tiny_data, tmp_path
):
    plan = make_plan(open_store(s3_url), ONE, tiny_data)
    gate = Gate(s3_server.endpoint)
    with exporter(s3_url, AWS_ENDPOINT_URL=gate.endpoint, AWS_MAX_ATTEMPTS="1") as running:
        before = until(running.port, lambda samples: find(samples, "kvjob_study_planned_runs"))
        gate.shut()
        during = until(running.port, lambda samples: one(samples, "kvjob_exporter_store_up") == 0)
        assert find(during, "kvjob_run_info") == find(before, "kvjob_run_info")
        assert len(find(during, "kvjob_run_info")) == len(plan.runs)
        assert get(running.port, "/-/ready") == (200, b"ready\n")
        gate.open()
        open_store(s3_url).delete(layout.study("one", "plan.json"))
        after = until(running.port, lambda samples: one(samples, "kvjob_exporter_store_up") == 1)
        assert not find(after, "kvjob_run_info")
        assert one(after, "kvjob_store_errors_total", operation="list") >= 1
        running.process.terminate()
        assert running.process.wait(timeout=5) == 0
        said = (running.process.stderr.read() if running.process.stderr else b"").decode().splitlines()
    assert len(said) == 3
    assert "could not be reached" in said[1]
    assert said[2] == "store: can be read again"


@pytest.mark.parametrize("running_server", ["moto"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_store_that_hangs_keeps_it_neither_from_serving_nor_from_ending(s3_server, s3_url, number):
    gate = Gate(s3_server.endpoint)
    gate.hang()
    with exporter(s3_url, AWS_ENDPOINT_URL=gate.endpoint) as running:
        samples = until(running.port, lambda samples: samples)
        assert not [name for name, _ in samples if name.startswith("kvjob_exporter")]
        assert get(running.port, "/-/ready")[0] == 503
        assert get(running.port, "/")[0] == 404
        begin = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(timeout=10) == 0
        assert time.monotonic() - begin < 2
