"""What a trainer that failed leaves, and how `kvjob logs` shows it."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from kvjob.records import layout
from kvjob.records.attempt import PodEnd
from kvjob.records.document import write_document
from kvjob.store import open_store
from tests.asking import ask
from tests.integration.study import command, make_plan

CRASHES = """
import os, sys
import kvjob.train.run
def fit(*_):
    print("about to fail, with secret", os.environ["AWS_SECRET_ACCESS_KEY"], flush=True)
    os.write(2, b"a word of native code\\n")
    raise RuntimeError("no such kernel")
kvjob.train.run.fit = fit
from kvjob.cli.app import main
sys.argv[0] = "kvjob"
main()
"""
SECRET = "abcdefghijklmnop/qrstuvwxyz+0123456789"


@pytest.fixture(scope="module")
def planned(tiny_data, tmp_path_factory):
    """A store with a plan, and the keys of its runs."""
    folder = tmp_path_factory.mktemp("planned")
    small = {"epochs": 4, "batch_size": 4}
    plan = make_plan(
        open_store(str(folder / "store")), "paper", tiny_data, preset="smoke", only=["optimizer"], base=small
    )
    return folder / "store", [run.key for run in plan.runs]


@pytest.fixture(scope="module")
def crashed(planned):
    store, keys = planned
    arguments = ("train", keys[0], "--study", "paper", "--store", store)
    done = subprocess.run(
        [sys.executable, "-c", CRASHES, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "AWS_SECRET_ACCESS_KEY": SECRET, "MY_API_TOKEN": "not-to-be-seen"},
    )
    assert done.returncode == 70, done.stderr
    return store, keys[0], done


def test_a_defect_leaves_its_log_its_traceback_and_the_state_of_the_machine(crashed):
    store, key, done = crashed
    folder = store / f"runs/{key}/attempts/0001"
    log = (folder / "log.txt").read_text()
    assert "loading" in log
    assert "about to fail, with secret ***" in log
    assert "a word of native code" in log
    failure = json.loads((folder / "failure.json").read_text())
    assert failure["cause"] == "bug"
    assert failure["traceback"].rstrip().endswith("RuntimeError: no such kernel")
    assert "MainThread" in failure["stacks"]
    assert failure["environment"]["libraries"]["torch"]
    assert failure["process_memory"]["resident"] > 10**7
    assert all(free > 0 for free in failure["disk_free_bytes"].values())
    # what a user saw is as it would have been
    assert "a word of native code" in done.stderr
    assert "RuntimeError: no such kernel" in done.stderr
    assert SECRET in done.stdout


def test_no_secret_is_in_any_file_that_the_attempt_left(crashed):
    store, key, _ = crashed
    files = [path for path in (store / f"runs/{key}").rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        assert SECRET.encode() not in path.read_bytes()
        assert b"not-to-be-seen" not in path.read_bytes()


def test_logs_shows_it_by_a_part_of_the_key(crashed):
    store, key, _ = crashed
    shown = ask("logs", key[:6], "--store", store)
    assert shown.code == 0, shown.err
    assert f"run {key}, attempt 1 of 1: defect of kvjob" in shown.out
    for words in ("RuntimeError: no such kernel", "a word of native code", "process memory: resident"):
        assert words in shown.out
    told = json.loads(ask("logs", key, "--store", store, "--json").out)
    assert told["attempt"]["cause"] == told["failure"]["cause"] == "bug"
    assert told["pod"] is None


def test_logs_of_what_is_not_there_names_what_is(crashed):
    store, key, _ = crashed
    unknown = ask("logs", "zzz", "--store", store)
    assert unknown.code == 78
    assert key in unknown.err
    other = ask("logs", key, "--attempt", 7, "--store", store)
    assert other.code == 78
    assert "1 (defect of kvjob)" in other.err


def test_a_killed_trainer_leaves_the_log_of_its_last_epoch_and_its_pod_tells_the_cause(planned):
    store, keys = planned
    key = keys[1]
    with subprocess.Popen(
        command("train", key, "--study", "paper", "--store", store, "--cache", store.parent / "cache"),
        stdout=subprocess.PIPE,
        text=True,
    ) as trainer:
        assert trainer.stdout is not None
        for line in trainer.stdout:
            # the epoch before it is in the store or on its way there, as the log is
            if (store / f"runs/{key}/attempts/0001/log.txt").exists() or "phase  name testing" in line:
                break
        trainer.send_signal(signal.SIGKILL)
    assert trainer.returncode == -signal.SIGKILL
    assert " epoch 1/4 " in (store / f"runs/{key}/attempts/0001/log.txt").read_text()
    now = datetime.now(UTC)
    end = PodEnd(
        pod="p-1", cause="oom-killed", message="its container was OOMKilled", seen=now, exit_code=137
    )
    write_document(open_store(str(store)), layout.bundle(key, 1, "pod.json"), end)
    shown = ask("logs", key, "--store", store)
    assert f"run {key}, attempt 1 of 1: killed for its memory" in shown.out
    assert "exit code 137" in shown.out
    assert " epoch 1/4 " in shown.out
