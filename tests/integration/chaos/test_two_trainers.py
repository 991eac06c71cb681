"""A trainer that was thought dead wakes up while another one has its run."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kvjob.experiments import load_study
from kvjob.prepare import prepare_study
from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.store import Store, open_store
from tests.integration.study import command, kvjob

STUDY = (
    "name: two\npreset: smoke\nbase: {epochs: 6, batch_size: 4}\nexperiments: [{name: epochs, levels: [6]}]\n"
)


@pytest.fixture(scope="session")
def planned(tiny_data, tmp_path_factory) -> tuple[Path, str, Path]:
    """A study of one run, its key, and a store that has the run undisturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    study = folder / "two.yaml"
    study.write_text(STUDY)
    done = kvjob("run", study, *places(folder / "store", tiny_data, folder))
    assert done.code == 0, done.err
    (run,) = json.loads(kvjob("plan", study, "--store", folder / "store", "--json").out)["runs"]
    return study, run["key"], folder / "store"


def places(store: object, data: Path, folder: Path) -> tuple[object, ...]:
    return ("--data", data, "--store", store, "--logs", folder, "--out", folder / "report")


@contextmanager
def trainer(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def files(store: Store, key: str) -> dict[str, tuple[int, object, bytes]]:
    """All of the run but its attempts, with the time at which each was written."""
    entries = [entry for entry in store.list(layout.run(key)) if "/attempts/" not in entry.key]
    return {entry.key: (entry.size, entry.modified, store.read(entry.key)) for entry in entries}


def asleep_and_awake(store: Store, study: Path, key: str, data: Path, undisturbed: Path, cache: Path) -> None:
    prepare_study(store, load_study(str(study)), data, lambda _done, _total: None)
    arguments = ("train", key, "--study", "two", "--store", store.url, "--cache", cache)
    with trainer(*arguments) as first:
        assert first.stdout is not None
        for line in first.stdout:
            if "epoch 2/" in line:
                os.kill(first.pid, signal.SIGSTOP)
                break
        second = kvjob(*arguments)
        assert second.code == 0, second.err
        before = files(store, key)
        os.kill(first.pid, signal.SIGCONT)
        _, message = first.communicate(timeout=120)
        assert first.returncode == 75, message
        assert "attempt 2 has taken the run over from this one, attempt 1" in message
    assert files(store, key) == before
    one, two = read_attempts(store, key)
    assert (one.cause, one.exit_code, two.cause) == ("superseded", 75, "finished")
    assert two.resumed_from >= 1
    # what it had trained beyond its last checkpoint is at most the epoch it slept in and the one after it
    assert len(one.epochs) <= 4
    expected = open_store(str(undisturbed))
    for name in (
        "history.json",
        "scores.csv",
        "predictions.png",
        "result.json",
        "best.json",
        "model.json",
        "samples/index.json",
    ):
        assert store.read(layout.run(key, name)) == expected.read(layout.run(key, name)), name


def test_in_a_folder(planned, tiny_data, tmp_path):
    study, key, undisturbed = planned
    store = open_store(str(tmp_path / "store"))
    asleep_and_awake(store, study, key, tiny_data, undisturbed, tmp_path / "cache")


@pytest.mark.parametrize("running_server", ["minio"], indirect=True)
def test_in_a_bucket(s3_url, planned, tiny_data, tmp_path):
    study, key, undisturbed = planned
    asleep_and_awake(open_store(s3_url), study, key, tiny_data, undisturbed, tmp_path / "cache")


def test_a_study_run_twice_at_once_trains_every_run_once(planned, tiny_data, tmp_path):
    study, key, undisturbed = planned
    store = tmp_path / "store"
    with trainer("run", study, *places(store, tiny_data, tmp_path / "one")) as first:
        until = time.monotonic() + 120
        while not (store / f"runs/{key}/attempts/0001.json").exists():
            assert time.monotonic() < until
            time.sleep(0.2)
        (attempt,) = read_attempts(open_store(str(store)), key)
        os.kill(attempt.pid, signal.SIGSTOP)  # it must not be over before the second one has looked
        with trainer("run", study, *places(store, tiny_data, tmp_path / "two")) as second:
            assert second.stderr is not None
            assert any("it is trained elsewhere" in line for line in second.stderr)
            os.kill(attempt.pid, signal.SIGCONT)
            _, message = second.communicate(timeout=120)
            assert second.returncode == 0, message
        _, message = first.communicate(timeout=120)
        assert first.returncode == 0, message
    (attempt,) = read_attempts(open_store(str(store)), key)
    assert attempt.cause == "finished"
    result = f"runs/{key}/result.json"
    assert (store / result).read_bytes() == (undisturbed / result).read_bytes()
