"""What a run waits for, from objects that a real cluster had, and from messages that were seen on one."""

import copy
import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from kvjob.cluster.fact import RunFact
from kvjob.cluster.look import Look, combine, looker
from kvjob.cluster.pod_fact import pod_fact
from kvjob.cluster.refusal import NotAllowed
from kvjob.cluster.words import ending, quota, unschedulable
from kvjob.cluster.workflow_nodes import is_of

SEEN = json.loads(Path(__file__).with_name("seen.json").read_text())
"""A workflow of eight runs and their pods, recorded while each waited for something else."""

[WORKFLOW], PODS = SEEN["workflows"], SEEN["pods"]
KEYS = (
    "0b92985159fa",
    "40964b58beaa",
    "d88a701607ad",
    "d62ffea4bba3",
    "fa3b9a1c7555",
    "cea0b53a7ec8",
    "3a9c36f2ccad",
)

Object = dict[str, Any]


def look(pods: list[Object], workflows: list[Object]) -> Look:
    return combine(pods, workflows, "waiting", "lab")


def facts(found: Look) -> dict[str, tuple[str, str]]:
    return {key: (found.runs[key].phase, found.runs[key].why) for key in KEYS if key in found.runs}


EXPECTED = {
    KEYS[0]: ("running", ""),
    KEYS[1]: ("waiting", "no free example.com/status"),
    KEYS[2]: ("waiting", "image cannot be pulled"),
    KEYS[3]: ("waiting", "quota status: no example.com/status-quota"),
    KEYS[4]: ("retrying", "interrupted"),
    KEYS[5]: ("waiting", "trained elsewhere"),
    KEYS[6]: ("retrying", "out of memory"),
}


def test_workflow_and_pods_together_tell_every_run() -> None:
    found = look(PODS, [WORKFLOW])
    assert facts(found) == EXPECTED
    assert found.active
    assert found.note == ""
    assert found.runs[KEYS[0]].node == "node-1"
    assert found.runs[KEYS[1]].detail == "0/1 nodes are available: 1 Insufficient example.com/status"
    assert found.runs[KEYS[5]].detail == "workflow elsewhere trains it"


def test_the_workflow_alone_tells_them_too() -> None:
    assert facts(look([], [WORKFLOW])) == EXPECTED


def test_a_compressed_workflow_is_read_like_any() -> None:
    packed = copy.deepcopy(WORKFLOW)
    nodes = json.dumps(packed["status"].pop("nodes")).encode()
    packed["status"]["compressedNodes"] = b64encode(gzip.compress(nodes)).decode()
    assert facts(look([], [packed])) == EXPECTED


def test_without_the_workflow_living_pods_are_told_and_dead_ones_left_to_the_store() -> None:
    found = look(PODS, [])
    assert set(facts(found)) == {KEYS[0], KEYS[1], KEYS[2]}
    assert not found.active
    assert found.note == "no workflow of waiting in namespace lab"


def test_nodes_in_argos_database_are_a_note() -> None:
    offloaded = copy.deepcopy(WORKFLOW)
    del offloaded["status"]["nodes"]
    offloaded["status"]["offloadNodeStatusVersion"] = "fnv:1"
    found = look(PODS, [offloaded])
    assert set(facts(found)) == {KEYS[0], KEYS[1], KEYS[2]}
    assert found.note == "workflow mine keeps its nodes in Argo's database: only pods are shown"


def without_nodes_of(key: str) -> Object:
    changed = copy.deepcopy(WORKFLOW)
    nodes = changed["status"]["nodes"]
    for name, node in list(nodes.items()):
        if any(each["value"] == key for each in node.get("inputs", {}).get("parameters", [])):
            del nodes[name]
    return changed


def test_a_run_that_argo_has_not_begun_is_held_by_the_parallelism() -> None:
    workflow = without_nodes_of(KEYS[0])
    busy = [node for node in workflow["status"]["nodes"].values() if node["type"] == "Pod"]
    workflow["spec"]["parallelism"] = sum(node["phase"] in ("Running", "Pending") for node in busy)
    assert facts(look([], [workflow]))[KEYS[0]] == ("waiting", "at most 3 at once")
    workflow["spec"]["parallelism"] += 1
    assert facts(look([], [workflow]))[KEYS[0]] == ("waiting", "its turn has not come")


def test_the_parallelism_may_be_the_templates() -> None:
    workflow = without_nodes_of(KEYS[0])
    del workflow["spec"]["parallelism"]
    workflow["status"]["storedWorkflowTemplateSpec"] = {"parallelism": 2}
    assert facts(look([], [workflow]))[KEYS[0]] == ("waiting", "at most 2 at once")


def ended(workflow: Object) -> Object:
    """The workflow as it is when Argo gave up."""
    over = copy.deepcopy(workflow)
    over["status"] |= {"phase": "Failed", "message": "child failed"}
    for node in over["status"]["nodes"].values():
        if node["type"] == "Retry" and node["phase"] == "Running":
            node |= {"phase": "Failed", "message": "retryStrategy.expression evaluated to false"}
    return over


def test_a_workflow_that_ended_tells_why_its_runs_failed() -> None:
    found = look([], [ended(without_nodes_of(KEYS[0]))])
    assert not found.active
    assert found.note == "workflow mine failed: child failed"
    assert facts(found)[KEYS[0]] == ("failed", "workflow ended before it")
    assert facts(found)[KEYS[4]] == ("failed", "interrupted")
    assert facts(found)[KEYS[6]] == ("failed", "out of memory")


def test_the_workflow_that_trains_a_run_is_believed_before_one_that_waits_for_it() -> None:
    other = copy.deepcopy(WORKFLOW)
    for node in other["status"]["nodes"].values():
        if any(each["value"] == KEYS[5] for each in node.get("inputs", {}).get("parameters", [])):
            node.pop("synchronizationStatus", None)
            node |= {"phase": "Running", "message": ""}
    for workflows in ([WORKFLOW, other], [other, WORKFLOW]):
        assert facts(look([], workflows))[KEYS[5]] == ("running", "")


@pytest.mark.parametrize(
    ("parameters", "study", "same"),
    [
        ({"study": "paper"}, "paper", True),
        ({"study": "paper", "name": "mine"}, "mine", True),
        ({"study": "paper", "name": "mine"}, "paper", False),
        ({"study": "name: own\nexperiments: [optimizer]"}, "own", True),
        ({"study": "{name: own, experiments: [optimizer]}"}, "own", True),
        ({"study": "name: [unclosed"}, "own", False),
    ],
)
def test_a_workflow_without_runs_yet_is_known_by_its_parameters(
    parameters: dict[str, str], study: str, same: bool
) -> None:
    given = [{"name": name, "value": value} for name, value in parameters.items()]
    workflow = {"metadata": {"name": "x"}, "spec": {"arguments": {"parameters": given}}, "status": {}}
    assert is_of(workflow, study) == same
    templated = {
        "metadata": {"name": "x"},
        "spec": {},
        "status": {"storedWorkflowTemplateSpec": workflow["spec"]},
    }
    assert is_of(templated, study) == same


def test_a_prepare_step_that_waits_is_the_note_of_the_study() -> None:
    workflow = copy.deepcopy(WORKFLOW)
    nodes = workflow["status"]["nodes"]
    [prepare] = [node for node in nodes.values() if node.get("templateName") == "prepare"]
    prepare |= {"phase": "Pending", "message": "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."}
    del prepare["outputs"]
    workflow["status"]["nodes"] = {"p": prepare}
    found = look([], [workflow])
    assert found.note == "workflow mine: prepare waits: no free cpu"
    assert found.active


def test_a_workflow_that_argo_has_not_touched_is_a_note() -> None:
    new = {"metadata": WORKFLOW["metadata"], "spec": WORKFLOW["spec"]}
    assert look([], [new]).note == "workflow mine: not started by Argo yet"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "no free nvidia.com/gpu"),
        ("0/3 nodes are available: 1 Insufficient memory, 2 Insufficient a.b/mig-1g.", "no free a.b/mig-1g"),
        ("0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory.", "no free cpu, memory"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.", "no node without a taint"),
        ("0/1: 1 node(s) didn't match Pod's node affinity/selector.", "no node with the labels"),
        ("0/1 nodes are available: 1 node(s) were unschedulable.", "nodes are cordoned"),
        ("0/1 nodes are available: 1 Too many pods.", "no node takes more pods"),
        ("something new", "no node fits"),
    ],
)  # fmt: skip
def test_the_schedulers_message_in_few_words(message: str, words: str) -> None:
    assert unschedulable(message) == words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("main: OOMKilled (exit code 137)", "out of memory"),
        ("main: Error (exit code 137)", "killed"),
        ("Error (exit code 70)", "exit code 70"),
        ("main: Error (exit code 76)", "failed too often for one cause"),
        ("main: Error (exit code 78)", "configuration refused"),
        ("main: Error (exit code 142)", "no progress"),
        ("Pod was active on the node longer than the specified deadline", "took too long"),
        ("Pod was terminated in response to imminent node shutdown.", "node shut down"),
        ("pod deleted", "pod deleted"),
        ("", "failed"),
    ],
)
def test_how_a_pod_ended_in_few_words(message: str, words: str) -> None:
    assert ending(message) == words


def test_a_quota_that_refuses_a_pod_is_named() -> None:
    said = 'pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 2'
    assert quota(said) == "quota gpus: no nvidia.com/gpu"
    assert (
        quota('pods "x" is forbidden: failed quota: mem: must specify requests.memory for: init,wait')
        == "quota"
    )
    assert quota("something else") == ""


def pod(phase: str, *containers: Object, **more: Object) -> Object:
    status = {"phase": phase, "containerStatuses": list(containers), **more}
    return {"metadata": {"name": "p"}, "spec": {"nodeName": "node-1"}, "status": status}


def test_a_pod_whose_main_container_waits_for_a_secret_is_told() -> None:
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "kvjob-store" not found'}
    found = pod_fact(pod("Pending", {"name": "main", "state": {"waiting": waiting}}))
    assert found == RunFact(
        "waiting", "ConfigMap or Secret missing", 'secret "kvjob-store" not found', "node-1"
    )


def test_a_pod_with_only_argos_containers_up_is_starting() -> None:
    wait = {"name": "wait", "state": {"running": {}}}
    main = {"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}
    assert pod_fact(pod("Running", wait, main)) == RunFact("starting", node="node-1")


def test_a_pod_behind_a_queue_is_held_by_it() -> None:
    gate = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "gated"}
    assert pod_fact(pod("Pending", conditions=[gate])).why == "held by the queue"


def test_an_evicted_pod_is_told_by_its_reason() -> None:
    found = pod_fact(pod("Failed", reason="Evicted", message="The node was low on resource: memory."))
    assert found.phase == "failed"
    assert found.detail == "Evicted The node was low on resource: memory."


class FakeCluster:
    """Answers lists, and counts them."""

    def __init__(self, answers: dict[str, list[Object]]) -> None:
        self.answers, self.asked = answers, list[str]()
        self.core = self.custom = self

    def list_namespaced_pod(self) -> None: ...

    def list_namespaced_custom_object(self) -> None: ...

    def ask(self, doing: str, method: Any, *args: Any, label_selector: str) -> Object:
        kind = "pods" if "pods" in doing else label_selector
        self.asked.append(kind)
        if kind not in self.answers:
            raise NotAllowed(f"not allowed to {doing}", where="cluster", fix="Ask")
        return {"items": self.answers[kind]}


AT_WORK, OVER = "workflows.argoproj.io/completed!=true", "workflows.argoproj.io/completed=true"


def test_a_look_costs_one_list_of_each_however_many_runs() -> None:
    cluster = FakeCluster({"pods": PODS, AT_WORK: [WORKFLOW]})
    assert facts(looker(cluster, "lab", "waiting")()) == EXPECTED  # type: ignore[arg-type]
    assert cluster.asked == ["pods", AT_WORK]


def test_workflows_that_are_over_are_asked_for_only_if_none_is_at_work() -> None:
    cluster = FakeCluster({"pods": [], AT_WORK: [], OVER: [ended(WORKFLOW)]})
    found = looker(cluster, "lab", "waiting")()  # type: ignore[arg-type]
    assert cluster.asked == ["pods", AT_WORK, OVER]
    assert found.note == "workflow mine failed: child failed"


def test_what_may_not_be_listed_is_a_note_and_the_rest_is_shown() -> None:
    cluster = FakeCluster({"pods": PODS})
    found = looker(cluster, "lab", "waiting")()  # type: ignore[arg-type]
    assert facts(found)[KEYS[1]] == EXPECTED[KEYS[1]]
    assert found.note == "cluster: not allowed to list workflows in namespace lab. Ask."


def test_the_workflow_of_another_study_tells_nothing() -> None:
    found = combine([], [WORKFLOW], "another", "lab")
    assert (found.runs, found.active) == ({}, False)
