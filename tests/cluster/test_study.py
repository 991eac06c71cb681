"""The study on a real cluster: submitted, watched, fetched, and compared with the same study run here."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
import pytest

from kvjob.data import synthesize
from kvjob.local import StatusRow
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.study import read_study
from kvjob.store import Store
from tests.cluster.argo import items, nodes, submit
from tests.cluster.installed import Installed
from tests.integration.study import kvjob

NAME = "all-experiments"
IMAGES = 30
SMOKE = {"preset": "smoke", "data": f"synthetic:{IMAGES}"}

REFUSED = {
    "name": "one-refused",
    "experiments": [
        {"name": "encoder", "levels": ["tu-mobilenetv3_small_100", "no-such-encoder"]},
        {"name": "optimizer", "levels": ["adam", "sgd"]},
    ],
}
"""A study with a run that only the trainer can refuse: names of encoders are torch's business."""

TIMES = ("hours", "wasted_hours", "hours_per_run", "images_per_second", "pareto")
"""Columns of tables that tell how long a run took, or follow from it."""

TWICE = {"name": "twice", "experiments": [{"name": "learning_rate", "levels": [0.001, 0.002]}]}


@dataclass
class Watched:
    """What was seen of a workflow while it ran."""

    workflow: dict[str, Any] = field(default_factory=dict)
    training_at_once: list[int] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Each train pod as it was when last seen."""


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture(scope="module")
def watched(installed: Installed, gpus: int) -> Watched:
    """`argo submit workflows/all_experiments.py`, watched to its end."""
    seen = Watched()
    submitted = submit("workflows/all_experiments.py", installed.namespace, **SMOKE)

    def look() -> None:
        pods = items("pods", installed.namespace, "kvjob/step=train")
        seen.pods.update((pod["metadata"]["name"], pod) for pod in pods)
        # a pod that ended keeps its device until the kubelet has told so
        seen.training_at_once.append(sum(pod["status"]["phase"] == "Running" for pod in pods))
        if pods and not any("nvidia.com/gpu" in reason for reason in seen.reasons):
            told = kvjob("status", NAME, "-n", installed.namespace, "--json")
            assert told.code == 0, told.err
            waiting = [row for row in json.loads(told.out)["runs"] if row["phase"] == "waiting"]
            seen.reasons.update(row["phase_why"] for row in waiting)

    seen.workflow = submitted.succeed(1500, look)
    return seen


@pytest.fixture(scope="module")
def local_report(tmp_path_factory) -> Path:
    """The report of the same study on the same data, run on this machine."""
    folder = tmp_path_factory.mktemp("local")
    synthesize(folder / "data", images=IMAGES)
    place = ["--data", folder / "data", "--store", folder / "store", "--out", folder / "report"]
    done = kvjob("run", NAME, "--preset", "smoke", *place, "--logs", folder / "logs", timeout=900)
    assert done.code == 0, done.err
    return folder / "report"


def rows(store: Store, study: str) -> dict[str, StatusRow]:
    from kvjob.local import status_rows

    return {row.key: row for row in status_rows(store, study)}


@pytest.mark.timeout(1800)
def test_every_run_has_a_result_in_the_store(watched: Watched, store: Store):
    found = rows(store, NAME)
    assert len(found) == len(nodes(watched.workflow, "train")) > 20
    assert {row.state for row in found.values()} == {"done"}
    assert {row.attempts for row in found.values()} == {1}


@pytest.mark.timeout(1800)
def test_no_more_pods_train_than_there_are_gpus_and_status_says_why_others_wait(watched: Watched, gpus: int):
    assert max(watched.training_at_once) == gpus
    assert any("nvidia.com/gpu" in reason for reason in watched.reasons), watched.reasons


@pytest.mark.timeout(1800)
def test_the_report_is_that_of_the_same_study_on_this_machine(
    watched: Watched, installed: Installed, local_report: Path, tmp_path: Path
):
    done = kvjob("fetch", NAME, "-n", installed.namespace, "--out", tmp_path / "report")
    assert done.code == 0, done.err
    tables = sorted(path.name for path in local_report.glob("tables/*.csv"))
    assert len(tables) > 7
    for name in tables:
        here, there = (
            pd.read_csv(folder / "tables" / name) for folder in (local_report, tmp_path / "report")
        )
        assert list(here) == list(there)
        kept = here.columns.difference(TIMES)
        pd.testing.assert_frame_equal(there[kept], here[kept], check_exact=True, obj=name)
    keys = [
        {run["key"] for run in json.loads((folder / "report.json").read_text())["runs"]}
        for folder in (local_report, tmp_path / "report")
    ]
    assert keys[0] == keys[1]


@pytest.mark.timeout(1800)
def test_the_report_is_an_artifact_of_the_workflow(watched: Watched, store: Store):
    name = watched.workflow["metadata"]["name"]
    [node] = nodes(watched.workflow, "report")
    [artifact] = [item for item in node["outputs"]["artifacts"] if item["name"] == "report"]
    assert artifact["s3"]["key"].endswith(f"studies/{NAME}/workflows/{name}/report/")
    page = store.read(layout.study(NAME, f"workflows/{name}/report/index.html"))
    assert page == store.read(layout.study(NAME, "report/index.html"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("file", ["all_experiments", "optimizer"])
def test_what_is_done_is_not_trained_again(watched: Watched, installed: Installed, file: str):
    """Neither by the same study nor by another that shares runs with it."""
    again = submit(f"workflows/{file}.py", installed.namespace, **SMOKE).succeed(300)
    assert nodes(again, "train") == []
    assert len(nodes(again, "report")) == 1


@pytest.mark.timeout(900)
def test_a_study_submitted_twice_at_once_trains_each_run_once(installed: Installed, gpus: int, store: Store):
    both = [
        submit("workflows/paper.py", installed.namespace, study=json.dumps(TWICE), **SMOKE) for _ in range(2)
    ]
    for workflow in both:
        workflow.succeed(600)
    runs = read_study(store, "twice").plan.runs
    assert len(runs) == 2
    assert [len(read_attempts(store, run.key)) for run in runs] == [1, 1]


@pytest.mark.timeout(900)
def test_a_run_that_is_refused_leaves_the_others_and_is_named(
    installed: Installed, gpus: int, store: Store, tmp_path: Path
):
    submitted = submit("workflows/paper.py", installed.namespace, study=json.dumps(REFUSED), **SMOKE)
    workflow = submitted.wait(600)
    assert workflow["status"]["phase"] == "Failed"
    states = {row.title: row.state for row in rows(store, "one-refused").values()}
    assert states == {
        "baseline seed=0": "done",
        "encoder=no-such-encoder seed=0": "failed",
        "optimizer=sgd seed=0": "done",
    }
    [verdict] = nodes(workflow, "verdict")
    assert "1 of 3 runs have no result" in verdict["message"]
    assert "encoder=no-such-encoder" in verdict["message"]
    refused = [node for node in nodes(workflow, "train") if node["phase"] == "Failed"]
    assert len(refused) == 1, "a refusal is not retried"
    assert "no-such-encoder" in refused[0]["message"]

    done = kvjob("fetch", "one-refused", "-n", installed.namespace, "--out", tmp_path / "report")
    assert done.code == 0, done.err
    assert "no-such-encoder" in (tmp_path / "report/index.html").read_text()


@pytest.mark.timeout(1800)
def test_where_the_time_goes(watched: Watched, store: Store, gpus: int, capsys):
    """Printed, not judged: it depends on the machine."""
    submitted = time_of(watched.workflow["metadata"]["creationTimestamp"])
    ended = {
        name: time_of(nodes(watched.workflow, name)[0]["finishedAt"])
        for name in ("prepare", "report", "verdict")
    }
    trains = nodes(watched.workflow, "train")
    attempts = {run.key: read_attempts(store, run.key)[0] for run in read_study(store, NAME).plan.runs}
    first = min(attempts.values(), key=lambda attempt: attempt.started)
    last = max(time_of(node["finishedAt"]) for node in trains)
    slot = (last - ended["prepare"]).total_seconds() * gpus / len(trains)
    stages = [
        stages_of(pod, attempts[pod["metadata"]["labels"]["kvjob/run"]]) for pod in watched.pods.values()
    ]
    stages = [stage for stage in stages if stage]
    assert len(stages) > len(trains) / 2, "pods were seen before they went"
    lines = {
        "submit to the end of prepare": (ended["prepare"] - submitted).total_seconds(),
        "submit to the first attempt": (first.started - submitted).total_seconds(),
        "last run to the end of report": (ended["report"] - last).total_seconds(),
        "last run to the verdict": (ended["verdict"] - last).total_seconds(),
        "the whole workflow": (ended["verdict"] - submitted).total_seconds(),
        f"a GPU for each of {len(trains)} runs": slot,
        **{f"  {name}": mean(stage[name] for stage in stages) for name in stages[0]},
    }
    with capsys.disabled():
        print()
        for what, seconds in lines.items():
            print(f"  {seconds:8.1f} s  {what}")
    assert slot > 0


def stages_of(pod: dict[str, Any], attempt: Attempt) -> dict[str, float]:
    """Seconds of a pod that ended, from having a node on; nothing if it was not seen to end."""
    told = {item["name"]: item["state"] for item in pod["status"].get("containerStatuses", [])}
    main, wait = told.get("main", {}).get("terminated"), told.get("wait", {}).get("terminated")
    if not main or not wait:
        return {}
    [scheduled] = [item for item in pod["status"]["conditions"] if item["type"] == "PodScheduled"]
    moments = {
        "on a node until kvjob starts": time_of(main["startedAt"]),
        "kvjob starts, until its attempt (imports)": attempt.started,
        "attempt, epochs included": attempt.ended,
        "attempt until Argo's container ends": time_of(wait["finishedAt"]),
    }
    edges = [time_of(scheduled["lastTransitionTime"]), *moments.values()]
    return dict(zip(moments, ((b - a).total_seconds() for a, b in pairwise(edges)), strict=True))
