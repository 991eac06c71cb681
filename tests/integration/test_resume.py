"""Whatever is killed, whenever: the same command again ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from kvjob.errors import ExitCode
from tests.integration.study import SMALL, command, kvjob, outcome

STUDY = ("run", "paper", "--only", "optimizer", *SMALL)


@pytest.fixture(scope="module")
def undisturbed(tiny_data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    done = kvjob(
        *STUDY, "--data", tiny_data, "--store", folder / "store", "--out", folder / "report", "--logs", folder
    )
    assert done.code == 0, done.err
    return folder / "store"


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    tree: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        tree.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, ahead = [], [pid]
    while ahead:
        found.append(ahead.pop())
        ahead += tree.get(found[-1], [])
    return found


def start(folder: Path, data: Path) -> "subprocess.Popen[bytes]":
    arguments = ("--data", data, "--store", folder / "store", "--out", folder / "report", "--logs", folder)
    with (folder / "out.txt").open("ab") as out:
        return subprocess.Popen(
            command(*STUDY, *arguments),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def test_killed_at_random_moments_a_study_ends_with_the_same_bytes(undisturbed, tiny_data, tmp_path):
    chance = random.Random(20260101)
    kills = 0
    while True:
        study = start(tmp_path, tiny_data)
        while kills < 8 and study.poll() is None:
            time.sleep(chance.uniform(0.5, 6.0))
            family = descendants(study.pid)
            # a trainer most of the time, the parent now and then
            victim = family[0] if chance.random() < 0.3 else chance.choice(family)
            try:
                os.kill(victim, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                continue
        if study.wait(timeout=240) == 0:
            break
        assert kills <= 8
    assert kills >= 3, "the study was over before it was disturbed enough to tell anything"
    assert outcome(tmp_path / "store") == outcome(undisturbed)
    for history in (tmp_path / "store").rglob("history.json"):
        epochs = [row["epoch"] for row in json.loads(history.read_text())["rows"]]
        assert epochs == list(range(1, len(epochs) + 1))


def test_a_finished_study_is_not_trained_again(undisturbed, tiny_data, tmp_path):
    attempts = sorted(undisturbed.rglob("attempts/*.json"))
    before = {path: path.read_bytes() for path in attempts}
    begin = time.monotonic()
    done = kvjob(
        *STUDY, "--data", tiny_data, "--store", undisturbed, "--out", tmp_path / "report", "--logs", tmp_path
    )
    assert done.code == 0, done.err
    assert {path: path.read_bytes() for path in sorted(undisturbed.rglob("attempts/*.json"))} == before
    assert not list(tmp_path.glob("*.log"))
    assert time.monotonic() - begin < 120


def test_sigterm_saves_and_exits_75_and_the_run_goes_on_where_it_was(undisturbed, tiny_data, tmp_path):
    store = tmp_path / "store"
    planned = json.loads(kvjob("plan", *STUDY[1:], "--data", tiny_data, "--store", undisturbed, "--json").out)
    key = planned["runs"][1]["key"]
    (store / "studies").mkdir(parents=True)
    for part in ("studies", "datasets"):
        subprocess.run(["cp", "-r", undisturbed / part, store], check=True)
    arguments = ("train", key, "--study", "paper", "--store", store)
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as trainer:
        assert trainer.stdout is not None
        assert trainer.stderr is not None
        for line in trainer.stdout:
            if "epoch 2/4" in line:
                trainer.send_signal(signal.SIGTERM)
                break
        trainer.stdout.read()
        message = trainer.stderr.read()
        code = trainer.wait()
    attempt = json.loads((store / f"runs/{key}/attempts/0001.json").read_text())
    if code == 0:  # the signal met a run that had just ended
        assert attempt["cause"] == "finished"
    else:
        assert code == ExitCode.INTERRUPTED == 75
        assert "SIGTERM" in message
        assert (attempt["cause"], attempt["exit_code"]) == ("interrupted", 75)
        assert kvjob(*arguments).code == 0
        again = json.loads((store / f"runs/{key}/attempts/0002.json").read_text())
        assert again["resumed_from"] >= 2
    expected = {path: data for path, data in outcome(undisturbed).items() if path.startswith(f"runs/{key}/")}
    assert outcome(store) == expected


def test_a_plan_says_what_is_done_and_why(undisturbed, tiny_data):
    planned = kvjob("plan", "paper", *SMALL, "--data", tiny_data, "--store", undisturbed)
    assert planned.code == 0, planned.err
    assert planned.out.count("best epoch") == 3
    assert "11 runs of study 'paper': 3 done, 8 new" in planned.out


def test_a_study_that_shares_runs_trains_only_the_others(undisturbed, tiny_data):
    own = undisturbed.parent / "own.yaml"
    own.write_text(
        "name: own\nexperiments: [{name: momentum, levels: [0.9, 0.5]}, optimizer]\nbase: {optimizer: sgd}\n"
    )
    planned = kvjob("plan", own, *SMALL, "--data", tiny_data, "--store", undisturbed, "--json")
    states = {run["roles"][0]["level"]: run["state"] for run in json.loads(planned.out)["runs"]}
    # the baseline of this study is a level of the other
    assert states == {"0.9": "done", "0.5": "new", "adam": "done", "rmsprop": "done"}
