"""Hundreds and thousands of runs as one workflow of the real controller, on nodes that are not there.

200 runs by default; 2,000, in ten minutes, with

    KVJOB_SCALE_RUNS=2000 pytest tests/cluster/scale

Times are printed, not judged, for they depend on the machine; limits are judged. The pods do not run: see
`fake_nodes` and `executor` for what stands in for them.
"""

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import pytest
from kubernetes import config

from tests.cluster.scale import fanout
from tests.cluster.scale.conftest import Prepared
from tests.cluster.scale.executor import Pods, executor
from tests.cluster.scale.fake_nodes import fake_nodes
from tests.cluster.scale.measured import MB, table
from tests.cluster.scale.watched import Node, Watched

ARGO_LIMIT = 1 << 20
"""Bytes beyond which Argo packs a workflow's nodes, and gives it up if that does not suffice.

etcd takes half as much again. The API server adds its notes on who set which field as far as there is room,
and else leaves them out.
"""

REFUSED, INTERRUPTED, FAILED = 78, 75, 1
"""Exit codes of kvjob: no other attempt can succeed; another one goes on; a verdict on a study with a gap."""

SECONDS_PER_RUN, SECONDS = 0.5, 300
"""Longest that a fan-out may take, per run and beside it, before the test gives up."""

pytestmark = pytest.mark.timeout(2400)


@dataclass(frozen=True)
class FannedOut:
    """A workflow that is over."""

    seen: Watched
    pods: Pods
    interrupted: set[str]
    refused: str

    def trains(self, kind: str) -> list[Node]:
        """Nodes of runs: `Retry` for a run, `Pod` for an attempt."""
        nodes = self.seen.nodes.values()
        return [node for node in nodes if node.get("templateName") == "train" and node["type"] == kind]


@pytest.fixture(scope="module")
def fanned_out(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> FannedOut:
    """The study's workflow: one run is refused, and a tenth of them is interrupted once."""
    config.load_kube_config(os.environ["KUBECONFIG"])
    keys, folder = prepared.keys, tmp_path_factory.mktemp("kwok")
    interrupted, refused = set(keys[1 : len(keys) // 2 : 5]), keys[len(keys) // 4 + 2]
    exits = {f"{key}(0)": INTERRUPTED for key in interrupted - {refused}}
    exits |= {f"{refused}(0)": REFUSED, "verdict(0)": FAILED}
    files = {"/tmp/plan/study": prepared.name, "/tmp/plan/runs.json": prepared.items}
    with ExitStack() as nodes, fanout.namespace() as namespace:
        # left after the namespace, which ends only while somebody takes its pods away
        nodes.enter_context(fake_nodes(namespace, exits, folder))
        with executor(namespace, files) as pods:
            seen = Watched(namespace, fanout.submit(namespace, {"study": prepared.name}))
            seen.wait(SECONDS + SECONDS_PER_RUN * prepared.runs)
    assert seen.nodes, seen.status
    return FannedOut(seen, pods, interrupted - {refused}, refused)


def test_every_run_gets_its_pods_and_one_that_fails_leaves_the_others(
    fanned_out: FannedOut, prepared: Prepared
):
    assert fanned_out.pods.failures == []
    phases = {key_of(node): node["phase"] for node in fanned_out.trains("Retry")}
    assert sorted(phases) == sorted(prepared.keys)
    assert {key for key, phase in phases.items() if phase != "Succeeded"} == {fanned_out.refused}
    attempts = Counter(map(key_of, fanned_out.trains("Pod")))
    assert {key for key, count in attempts.items() if count == 2} == fanned_out.interrupted
    assert set(attempts.values()) == {1, 2}


def test_report_and_verdict_follow_the_last_run(fanned_out: FannedOut):
    last = max(node["finishedAt"] for node in fanned_out.trains("Pod"))
    pods = {node["templateName"]: node for node in fanned_out.seen.nodes.values() if node["type"] == "Pod"}
    report, verdict = pods["report"], pods["verdict"]
    assert last <= report["startedAt"] <= report["finishedAt"] <= verdict["startedAt"]
    assert (report["phase"], verdict["phase"]) == ("Succeeded", "Failed")
    assert fanned_out.seen.status["phase"] == "Failed", "the verdict says that a run is missing"


def test_the_workflow_would_stay_below_its_size_limit_if_each_run_were_tried_again(fanned_out: FannedOut):
    assert fanned_out.seen.packed_bytes < ARGO_LIMIT / 2


def test_no_more_pods_than_the_parallelism_allows(fanned_out: FannedOut):
    assert 0 < fanned_out.pods.at_once <= fanout.PARALLELISM


def test_what_the_fan_out_takes(
    fanned_out: FannedOut, prepared: Prepared, capsys: pytest.CaptureFixture[str]
):
    seen, pods = fanned_out.seen, fanned_out.pods
    before, most = seen.controller_bytes[0] / MB, max(seen.controller_bytes) / MB
    answers = [seconds * 1e3 for seconds in seen.answer_seconds]
    rows = {
        "kvjob prepare": prepared.cost,
        "the list of runs": f"{len(prepared.items) / 1e3:.0f} kB",
        "submit to end": f"{seen.seconds:.0f} s, {len(pods.seen)} pods",
        "pods at once": f"{pods.at_once}, and {fanout.PARALLELISM} are allowed",
        "nodes of the workflow": f"{len(seen.nodes)}, {seen.nodes_bytes / MB:.2f} MB of JSON",
        "its object, largest": f"{seen.largest_bytes / MB:.2f} MB",
        "its object, packed": f"{seen.packed_bytes / MB:.2f} MB of {ARGO_LIMIT / MB:.2f} MB",
        "Argo's controller": f"{seen.controller_seconds:.0f} s of CPU; {before:.0f} MB, then {most:.0f} MB",
        "an answer of the API server": f"{median(answers):.0f} ms, {max(answers):.0f} ms at worst",
    }
    with capsys.disabled():
        print(table(f"{prepared.runs} runs fanned out", rows))
    assert len(pods.seen) >= prepared.runs


def key_of(node: Node) -> str:
    """The key of the run that a node is of."""
    [key] = [one["value"] for one in node["inputs"]["parameters"] if one["name"] == "key"]
    return key
