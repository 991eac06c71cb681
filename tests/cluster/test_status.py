"""`kvjob status -n` while a real Argo has runs that wait, each for something else."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.records.study import StudyRecord
from kvjob.study import Experiment, Study, plan
from tests.cluster.argo import kubectl
from tests.cluster.own_namespace import BUSYBOX, Manifest, Own, own_namespace, own_node
from tests.integration.study import kvjob

STUDY = "waiting"
PLAN = plan(
    Study(
        name=STUDY,
        preset="smoke",
        seeds=8,
        experiments=(Experiment.model_validate({"name": "resolution", "levels": [64]}),),
    ),
    "d" * 12,
    "c" * 12,
)
KEYS = [run.key for run in PLAN.runs]
BEHAVIOUR: list[dict[str, str]] = [
    {"command": "sleep 600"},
    {"command": "sleep 600", "resource": "example.com/status", "amount": "1"},
    {"command": "sleep 600", "image": "docker.io/library/there-is-none:1"},
    {"command": "sleep 600", "resource": "example.com/status-quota", "amount": "1"},
    {"command": "exit 75"},
    {"command": "sleep 600"},
    {"command": "exit 70"},
    {"command": "x=a; while true; do x=$x$x; done"},
]
"""What the container of each run does, by its place in the plan."""

EXPECTED = [
    ("running", ""),
    ("waiting", "no free example.com/status"),
    ("waiting", "image cannot be pulled"),
    ("waiting", "quota status: no example.com/status-quota"),
    ("retrying", "interrupted"),
    ("waiting", "trained elsewhere"),
    ("failed", "exit code 70"),
    ("retrying", "out of memory"),
]


@pytest.fixture(scope="module")
def own(cluster, tmp_path_factory) -> Iterator[Own]:
    with own_namespace("status-test", tmp_path_factory.mktemp("status")) as made:
        quota = {"hard": {"requests.example.com/status-quota": "0"}}
        made.apply(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "status"}, "spec": quota}
        )
        with open_namespace_store("status-test") as store:
            record = StudyRecord(plan=PLAN, planned=datetime.now(UTC), image_counts={"train": 16, "test": 4})
            write_document(store, layout.study(STUDY, "plan.json"), record)
        yield made


def workflow(name: str, study: str, runs: list[dict[str, str]], parallelism: int) -> Manifest:
    """A workflow of the shape of kvjob's, whose pods do as they are told."""
    names = ("study", "key", "command", "image", "resource", "amount")
    amounts = {"{{inputs.parameters.resource}}": "{{inputs.parameters.amount}}"}
    main = {
        "name": "main",
        "image": "{{inputs.parameters.image}}",
        "resources": {"requests": amounts, "limits": amounts},
    }
    given = [{"name": "study", "value": study}]
    given += [{"name": each, "value": f"{{{{item.{each}}}}}"} for each in names[1:]]
    made = {"parameters": [{"name": "runs", "valueFrom": {"path": "/tmp/runs.json"}}]}
    write = f"echo '{json.dumps(runs)}' > /tmp/runs.json"
    train = {
        "name": "train",
        "inputs": {"parameters": [{"name": each} for each in names]},
        "metadata": {
            "labels": {"kvjob/study": "{{inputs.parameters.study}}", "kvjob/run": "{{inputs.parameters.key}}"}
        },
        "podSpecPatch": json.dumps({"containers": [main]}),
        "synchronization": {"mutexes": [{"name": "kvjob-run-{{inputs.parameters.key}}"}]},
        "retryStrategy": {
            "limit": "20",
            "retryPolicy": "Always",
            "expression": "asInt(lastRetry.exitCode) in [75, 137]",
            "backoff": {"duration": "8s"},
        },
        "container": {"image": BUSYBOX, "command": ["sh", "-c", "{{inputs.parameters.command}}"]},
    }
    tasks = [
        {"name": "prepare", "template": "prepare"},
        {
            "name": "train",
            "template": "train",
            "depends": "prepare.Succeeded",
            "withParam": "{{tasks.prepare.outputs.parameters.runs}}",
            "arguments": {"parameters": given},
        },
    ]
    prepare = {
        "name": "prepare",
        "outputs": made,
        "container": {"image": BUSYBOX, "command": ["sh", "-c", write]},
    }
    templates = [{"name": "study", "dag": {"failFast": False, "tasks": tasks}}, prepare, train]
    spec = {
        "entrypoint": "study",
        "serviceAccountName": "kvjob-run",
        "parallelism": parallelism,
        "arguments": {"parameters": [{"name": "study", "value": study}]},
        "templates": templates,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": spec,
    }


def run(place: int, **changes: str) -> dict[str, str]:
    usual = {"key": KEYS[place], "image": BUSYBOX, "resource": "memory", "amount": "48Mi"}
    return {**usual, **BEHAVIOUR[place], **changes}


def status(own: Own) -> dict[str, Any]:
    done = kvjob("status", STUDY, "-n", own.namespace, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def until(own: Own, wanted: set[tuple[int, str, str]], seconds: float = 240) -> dict[str, Any]:
    """The status once every wanted (place, phase, why) was seen, not necessarily all at the same moment."""
    limit = time.monotonic() + seconds
    missing = set(wanted)
    while True:
        facts = status(own)
        rows = facts["runs"]
        missing -= {(place, row["phase"], row["phase_why"]) for place, row in enumerate(rows)}
        if not missing:
            return facts
        assert time.monotonic() < limit, (missing, [(row["phase"], row["phase_why"]) for row in rows])
        time.sleep(1)


@pytest.mark.timeout(400)
def test_status_says_what_each_run_waits_for(own: Own):
    own.apply(workflow("elsewhere", "another-study", [run(5)], 1))
    kubectl(
        "wait", "--for=jsonpath={.status.nodes}", "workflow/elsewhere", "-n", own.namespace, "--timeout=60s"
    )
    limit = time.monotonic() + 60
    while not kubectl("get", "pods", "-l", f"kvjob/run={KEYS[5]}", "-n", own.namespace, "-o", "name"):
        assert time.monotonic() < limit
        time.sleep(0.5)

    assert f"no workflow of {STUDY}" in status(own)["note"]
    own.apply(workflow("mine", STUDY, [run(place) for place in range(len(KEYS))], len(KEYS)))
    facts = until(own, {(place, *what) for place, what in enumerate(EXPECTED)})
    assert facts["runs"][0]["node"] == own_node()
    assert "elsewhere" in facts["runs"][5]["phase_detail"]
    assert "nodes are available: 1 Insufficient example.com/status" in facts["runs"][1]["phase_detail"]
    lines = kvjob("status", STUDY, "-n", own.namespace).out.splitlines()
    assert lines[1].endswith("waiting: no free example.com/status")
    assert lines[-1] == f"{STUDY}: 8 runs: 8 new"


@pytest.mark.timeout(400)
def test_runs_beyond_the_parallelism_wait_their_turn_and_the_end_is_told(own: Own):
    kubectl("delete", "workflows", "--all", "-n", own.namespace, "--timeout=60s", timeout=90)
    own.apply(workflow("few", STUDY, [run(6), run(0, command="exit 70")], 1))
    until(own, {(0, "waiting", "at most 1 at once")})
    facts = until(own, {(6, "failed", "exit code 70"), (0, "failed", "exit code 70")})
    assert facts["runs"][7]["phase"] == ""
    limit = time.monotonic() + 60
    while "workflow few failed" not in facts["note"]:
        assert time.monotonic() < limit, facts["note"]
        time.sleep(1)
        facts = status(own)
    assert [facts["runs"][place]["phase"] for place in (0, 6)] == ["failed", "failed"]
