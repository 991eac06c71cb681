"""The first and the last step of a workflow, as its pods run them."""

import json
import subprocess
import sys

from kvjob.records import layout
from tests.asking import ask


def test_a_study_is_planned_with_what_a_workflow_passes(tiny_data, tmp_path):
    """Parameters that were not set arrive as empty options."""
    options = ["--name=", "--preset=smoke", "--seeds=2", "--only=optimizer activation", "--set=epochs=3"]
    place = ["--store", tmp_path / "store", "--cache", tmp_path / "cache", "--out", tmp_path / "plan"]
    line = [sys.executable, "-m", "kvjob", "prepare", "paper", *options, "--data", tiny_data, *place]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "paper: 10 runs, 10 to train\n"
    assert (tmp_path / "plan/study").read_text() == "paper"
    runs = json.loads((tmp_path / "plan/runs.json").read_text())
    assert [set(run) for run in runs] == [{"key", "memory"}] * 10
    plan = json.loads((tmp_path / "store" / layout.study("paper", "plan.json")).read_text())["plan"]
    assert [run["key"] for run in runs] == [run["key"] for run in plan["runs"]]
    assert {run["config"]["epochs"] for run in plan["runs"]} == {3}

    told = tmp_path / "termination-log"
    verdict = ask(
        "verdict", "paper", "--store", tmp_path / "store", environment={"KVJOB_LAST_WORDS": str(told)}
    )
    assert verdict.code == 1
    assert "paper: 10 of 10 runs have no result" in verdict.err
    assert f"{runs[0]['key']} baseline seed=0: never started" in verdict.err
    assert told.read_text() == verdict.err.rstrip("\n"), "a pod's message is what it says"


def test_a_whole_study_and_another_name_are_taken(tiny_data, tmp_path):
    study = '{"name": "own", "experiments": [{"name": "learning_rate", "levels": [0.1, 0.01]}]}'
    place = ["--store", tmp_path / "store", "--cache", tmp_path / "cache", "--out", tmp_path / "plan"]
    done = ask("prepare", study, "--name=mine", "--preset=smoke", "--data", tiny_data, *place)
    assert done.code == 0, done.err
    assert (tmp_path / "plan/study").read_text() == "mine"


def test_wrong_parameters_are_named_and_nothing_is_written(tiny_data, tmp_path):
    place = ["--data", tiny_data, "--store", tmp_path / "store", "--out", tmp_path / "plan"]
    for option, said in [
        ("--seeds=many", "--seeds: 'many' is not a number"),
        ("--set=epochs", "--set: 'epochs' sets nothing"),
        ("--only=a 'b", "--only: "),
        ("--name=No Name", "name 'No Name'"),
    ]:
        done = ask("prepare", "paper", option, *place)
        assert done.code == 78, done.err
        assert said in done.err
        assert not list((tmp_path / "plan").glob("*"))
    (tmp_path / "file").write_text("")
    told = tmp_path / "termination-log"
    done = ask(
        "prepare", "paper", *place[:-1], tmp_path / "file", environment={"KVJOB_LAST_WORDS": str(told)}
    )
    assert done.code == 78
    assert f"error: {told.read_text()}\n" == done.err
    assert "file: File exists. Give a folder" in done.err
