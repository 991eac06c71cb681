"""The first and the last step of a workflow, as its pods run them."""

import json
import os
import subprocess
import sys

from kvjob.records import layout


def kvjob(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "kvjob", *map(str, arguments)]
    return subprocess.run(
        line, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


def test_a_study_is_planned_with_what_a_workflow_passes(tiny_data, tmp_path):
    """Parameters that were not set arrive as empty options."""
    options = ["--name=", "--preset=smoke", "--seeds=2", "--only=optimizer activation", "--set=epochs=3"]
    place = ["--store", tmp_path / "store", "--cache", tmp_path / "cache", "--out", tmp_path / "plan"]
    done = kvjob("prepare", "paper", *options, "--data", tiny_data, *place)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "paper: 10 runs, 10 to train\n"
    assert (tmp_path / "plan/study").read_text() == "paper"
    runs = json.loads((tmp_path / "plan/runs.json").read_text())
    assert [set(run) for run in runs] == [{"key", "memory"}] * 10
    plan = json.loads((tmp_path / "store" / layout.study("paper", "plan.json")).read_text())["plan"]
    assert [run["key"] for run in runs] == [run["key"] for run in plan["runs"]]
    assert {run["config"]["epochs"] for run in plan["runs"]} == {3}

    told = tmp_path / "termination-log"
    verdict = kvjob("verdict", "paper", "--store", tmp_path / "store", KVJOB_LAST_WORDS=str(told))
    assert verdict.returncode == 1
    assert "paper: 10 of 10 runs have no result" in verdict.stderr
    assert f"{runs[0]['key']} baseline seed=0: never started" in verdict.stderr
    assert told.read_text() == verdict.stderr.rstrip("\n"), "a pod's message is what it says"


def test_a_whole_study_and_another_name_are_taken(tiny_data, tmp_path):
    study = '{"name": "own", "experiments": [{"name": "learning_rate", "levels": [0.1, 0.01]}]}'
    place = ["--store", tmp_path / "store", "--cache", tmp_path / "cache", "--out", tmp_path / "plan"]
    done = kvjob("prepare", study, "--name=mine", "--preset=smoke", "--data", tiny_data, *place)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plan/study").read_text() == "mine"


def test_wrong_parameters_are_named_and_nothing_is_written(tiny_data, tmp_path):
    place = ["--data", tiny_data, "--store", tmp_path / "store", "--out", tmp_path / "plan"]
    for option, said in [
        ("--seeds=many", "--seeds: 'many' is not a number"),
        ("--set=epochs", "--set: 'epochs' sets nothing"),
        ("--only=a 'b", "--only: "),
        ("--name=No Name", "name 'No Name'"),
    ]:
        done = kvjob("prepare", "paper", option, *place)
        assert done.returncode == 78, done.stderr
        assert said in done.stderr
        assert not list((tmp_path / "plan").glob("*"))
    (tmp_path / "file").write_text("")
    told = tmp_path / "termination-log"
    done = kvjob("prepare", "paper", *place[:-1], tmp_path / "file", KVJOB_LAST_WORDS=str(told))
    assert done.returncode == 78
    assert f"error: {told.read_text()}\n" == done.stderr
    assert "file: File exists. Give a folder" in done.stderr
