"""What a namespace waits for and the GPUs it has, from objects that a real cluster had."""

import copy
import json
from pathlib import Path
from typing import Any

from kvjob.cluster.fleet import OTHER, REASONS, count_gpus, fleet_looker, reasons
from kvjob.cluster.refusal import NotAllowed

SEEN = json.loads(Path(__file__).with_name("seen.json").read_text())
[WORKFLOW], PODS = SEEN["workflows"], SEEN["pods"]
WAITING = {
    ("waiting", "no free example.com/status"): 1,
    ("waiting", "image cannot be pulled"): 1,
    ("waiting", "quota status: no example.com/status-quota"): 1,
    ("waiting", "trained elsewhere"): 2,
}

Object = dict[str, Any]


def template(**limits: str) -> Object:
    train = {
        "name": "train",
        "container": {"image": "x:1", "resources": {"limits": {"memory": "1Gi", **limits}}},
    }
    return {"spec": {"templates": [train]}}


def node(**allocatable: str) -> Object:
    return {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", **allocatable}}}


def pod(phase: str, node: str, gpus: str) -> Object:
    resources = {"limits": {"example.com/gpu": gpus, "memory": "1Gi"}}
    spec = {"containers": [{"name": "wait"}, {"name": "main", "resources": resources}]}
    if node:
        spec["nodeName"] = node
    return {"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}}


def test_runs_that_wait_are_counted_by_study_and_reason() -> None:
    assert reasons(PODS, [WORKFLOW], ["waiting", "another"], "lab") == WAITING


def test_words_that_are_not_kvjobs_make_no_series_without_end() -> None:
    workflow = copy.deepcopy(WORKFLOW)
    retry = next(each for each in workflow["status"]["nodes"].values() if each["type"] == "Retry")
    for number in range(30):
        key = f"{number:012}"
        said = f"something of the cluster's own, {number}, " + "and more of it " * (5 if number % 2 else 0)
        inputs = {"parameters": [{"name": "key", "value": key}]}
        again = {**retry, "id": key, "children": [], "inputs": inputs, "phase": "Pending", "message": said}
        again.pop("synchronizationStatus", None)
        workflow["status"]["nodes"][key] = again
    found = reasons([], [workflow], ["waiting"], "lab")
    assert len(found) <= REASONS + 1
    assert sum(found.values()) == 30 + sum(WAITING.values())
    assert found["waiting", OTHER] >= 15


def test_gpus_are_those_that_train_pods_ask_for_by_whatever_name() -> None:
    nodes = [node(**{"example.com/gpu": "4"}), node(**{"example.com/gpu": "2", "other.com/gpu": "9"}), node()]
    pods = [
        pod("Running", "n", "1"),
        pod("Pending", "n", "2"),
        pod("Pending", "", "4"),
        pod("Succeeded", "n", "1"),
    ]
    wanted = template(**{"example.com/gpu": "1"})
    assert count_gpus(wanted, nodes, pods) == {"allocatable": 6, "requested": 7, "bound": 3}
    assert count_gpus(template(), nodes, pods) == {"allocatable": 0, "requested": 0, "bound": 0}
    assert count_gpus(wanted, None, pods) == {"requested": 7, "bound": 3}


class FakeCluster:
    """Answers with what it was given, and counts what it was asked."""

    def __init__(self, **answers: Object) -> None:
        self.answers, self.asked = answers, list[str]()
        self.core = self.custom = self

    def __getattr__(self, name: str) -> str:
        return name

    def ask(self, doing: str, method: str, *args: str, **kwargs: str) -> Object:
        self.asked.append(method)
        if method not in self.answers:
            raise NotAllowed(f"not allowed to {doing}", where="cluster", fix="Ask")
        answer: Object = self.answers[method]
        return answer


def test_a_look_is_four_requests_however_many_studies() -> None:
    cluster = FakeCluster(
        list_namespaced_pod={"items": PODS},
        list_namespaced_custom_object={"items": [WORKFLOW]},
        get_namespaced_custom_object=template(**{"example.com/status": "1"}),
        list_node={"items": [node(**{"example.com/status": "1"})]},
    )
    found = fleet_looker(cluster, "lab")(["waiting", "a", "b"])  # type: ignore[arg-type]
    assert found.waiting == WAITING
    assert found.gpus["allocatable"] == 1
    assert found.trouble == ""
    assert len(cluster.asked) == 4


def test_what_may_not_be_seen_is_said_and_the_rest_is_told() -> None:
    cluster = FakeCluster(
        list_namespaced_pod={"items": PODS},
        get_namespaced_custom_object=template(**{"example.com/status": "1"}),
    )
    look = fleet_looker(cluster, "lab")  # type: ignore[arg-type]
    for _ in range(2):
        found = look(["waiting"])
        assert found.waiting == {}
        assert set(found.gpus) == {"requested", "bound"}
        assert found.trouble.count("not allowed to list workflows in namespace lab") == 1
        assert found.trouble.count("not allowed to list nodes") == 1


def test_a_template_that_cannot_be_understood_is_said() -> None:
    broken: Object = {"spec": {"templates": []}}
    cluster = FakeCluster(
        list_namespaced_pod={"items": []},
        list_namespaced_custom_object={"items": []},
        get_namespaced_custom_object=broken,
        list_node={"items": []},
    )
    found = fleet_looker(cluster, "lab")([])  # type: ignore[arg-type]
    assert found.gpus == {}
    assert "has no template `train`" in found.trouble
