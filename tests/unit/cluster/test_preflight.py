"""What is found before a study starts, from objects as an API server has them."""

from decimal import Decimal
from typing import Any

import pytest

from kvjob.cluster.preflight.argo import is_controller, judge_controller
from kvjob.cluster.preflight.finding import Finding, exit_code, failure, of_error, ok, require, warning
from kvjob.cluster.preflight.image import image
from kvjob.cluster.preflight.nodes import refusal_of
from kvjob.cluster.preflight.placement import placement
from kvjob.cluster.preflight.pod_request import PodRequest, pod_request
from kvjob.cluster.preflight.quota import limits, quotas
from kvjob.cluster.preflight.registry import Answer
from kvjob.cluster.study_template import study_template
from kvjob.errors import ConfigurationError, DataError, ExitCode, StoreError

GPU = "nvidia.com/gpu"
GIB = 2**30

Object = dict[str, Any]


def template(train: Object | None = None, **spec: object) -> Object:
    """kvjob's own template, changed as a chart's values would."""
    made: Object = study_template().to_dict()
    made["spec"] |= spec
    [step] = [each for each in made["spec"]["templates"] if each["name"] == "train"]
    step.pop("tolerations", None)
    step |= train or {}
    return made


POD = pod_request(template()).with_memory(6 * GIB)


def node(name: str = "a", ready: str = "True", **allocatable: str) -> Object:
    has = {"cpu": "4", "memory": "16Gi", "pods": "110", GPU: "1", **allocatable}
    return {
        "metadata": {"name": name, "labels": {"zone": "north", "gpus": "8"}},
        "spec": {},
        "status": {"allocatable": has, "conditions": [{"type": "Ready", "status": ready}]},
    }


def told(findings: list[Finding]) -> str:
    return "\n".join(map(str, findings))


def test_the_pod_of_the_own_template_is_understood() -> None:
    pod = pod_request(template())
    assert pod.image.startswith("kvjob/trainer:")
    assert (pod.account, pod.pull_policy, pod.ends, pod.memory_by_run) == (
        "kvjob-run",
        "IfNotPresent",
        True,
        True,
    )
    assert pod.devices == {GPU: 1}
    assert pod.requests["cpu"] == 1
    assert POD.requests["memory"] == POD.limits["memory"] == 6 * GIB


def test_values_of_the_chart_are_found_where_it_puts_them() -> None:
    patch = '{"containers": [{"name": "main", "resources": {"requests": {"memory": "9Gi"}}}]}'
    pod = pod_request(
        template(
            {"podSpecPatch": patch, "nodeSelector": {"b": "2"}, "priorityClassName": "high"},
            nodeSelector={"a": "1"},
            affinity={"nodeAffinity": {}},
        )
    )
    assert pod.requests["memory"] == 9 * GIB
    assert not pod.memory_by_run
    # as Argo does it, what the step says takes the place of what the workflow says
    assert pod.selector == {"b": "2"}
    assert (pod.priority, pod.terms) == ("high", [])


def test_a_template_without_train_and_an_amount_that_is_none_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no template `train`"):
        pod_request({"spec": {"templates": [{"name": "report"}]}})
    with pytest.raises(ConfigurationError, match=r"train, cpu: 'many' is no quantity"):
        pod_request(template({"container": {"image": "x", "resources": {"requests": {"cpu": "many"}}}}))


def test_a_node_that_has_everything_fits() -> None:
    found = placement([node()], POD, grows=False)
    assert [each.level for each in found] == ["ok", "ok"]
    assert "cpu 1, memory 6.0 GiB, nvidia.com/gpu 1: fits on 1 of 1 node" in told(found)


def test_a_gpu_under_another_name_is_suggested() -> None:
    bare = node()
    del bare["status"]["allocatable"][GPU]
    bare["status"]["allocatable"]["nvidia.com/gpu.shared"] = "4"
    [found] = placement([bare], POD, grows=False)
    assert found.level == "failure"
    assert "none of the 1 node has any" in found.what
    assert "set gpu.resource to one of nvidia.com/gpu.shared" in found.fix


def test_a_cluster_without_any_device_is_told_how_to_train_on_cpus() -> None:
    [found] = placement([node(**{GPU: "0"})], POD, grows=False)
    assert "gpu.count=0" in placement([], POD, grows=False)[0].fix
    assert found.level == "failure"


def test_an_autoscaler_that_may_add_nodes_makes_it_a_warning() -> None:
    [found] = placement([], POD, grows=True)
    assert found.level == "warning"
    assert found.fix.startswith("If no autoscaler adds such a node: install")


def test_gpus_behind_a_taint_are_told_with_the_taint() -> None:
    tainted = node()
    tainted["spec"]["taints"] = [{"key": GPU, "value": "present", "effect": "NoSchedule"}]
    [found] = placement([tainted, node("b", **{GPU: "0"})], POD, grows=False)
    assert f"a has the taint {GPU}=present:NoSchedule" in found.what
    tolerant = pod_request(template(tolerations=[{"key": GPU, "operator": "Exists"}]))
    assert placement([tainted], tolerant, grows=False)[0].level == "ok"


def test_memory_that_no_node_has_names_the_nearest() -> None:
    nodes = [node("small", memory="4Gi", cpu="500m"), node("large", memory="5Gi")]
    found = placement(nodes, POD, grows=False)[-1]
    assert found.level == "failure"
    assert "the nearest, large, has memory 5.0 GiB" in found.what


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"unschedulable": True}, "has the taint node.kubernetes.io/unschedulable:NoSchedule"),
        ({"taints": [{"key": "x", "effect": "NoExecute"}]}, "has the taint x:NoExecute"),
        ({"taints": [{"key": "x", "effect": "PreferNoSchedule"}]}, ""),
    ],
)
def test_which_nodes_take_any_pod(change: Object, why: str) -> None:
    changed = node()
    changed["spec"] |= change
    assert refusal_of(changed, POD) == why


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "x", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "x", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "x", "value": "1"}, True),
        ({"key": "x", "value": "2"}, False),
        ({"key": "y", "operator": "Exists"}, False),
    ],
)
def test_which_tolerations_help(toleration: Object, tolerated: bool) -> None:
    tainted = node()
    tainted["spec"]["taints"] = [{"key": "x", "value": "1", "effect": "NoSchedule"}]
    assert (refusal_of(tainted, pod_request(template(tolerations=[toleration]))) == "") == tolerated


def test_a_node_that_is_not_ready_or_lacks_a_label_is_none() -> None:
    assert refusal_of(node(ready="Unknown"), POD) == "is not ready"
    wanting = pod_request(template(nodeSelector={"zone": "south"}))
    assert refusal_of(node(), wanting) == "lacks the label zone=south"


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ({"key": "zone", "operator": "In", "values": ["north"]}, True),
        ({"key": "zone", "operator": "NotIn", "values": ["north"]}, False),
        ({"key": "none", "operator": "NotIn", "values": ["north"]}, True),
        ({"key": "none", "operator": "Exists"}, False),
        ({"key": "none", "operator": "DoesNotExist"}, True),
        ({"key": "gpus", "operator": "Gt", "values": ["7"]}, True),
        ({"key": "gpus", "operator": "Lt", "values": ["8"]}, False),
    ],
)
def test_a_required_node_affinity_is_obeyed(expression: Object, met: bool) -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    pod = pod_request(template({"affinity": affinity}))
    assert (refusal_of(node(), pod) == "") == met


def test_a_node_may_be_required_by_its_name() -> None:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}]
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    pod = pod_request(template({"affinity": affinity}))
    assert [refusal_of(node(name), pod) for name in "ab"] == ["", "does not meet the node affinity"]


def test_a_cordoned_node_with_the_taint_is_told_once_and_may_be_tolerated() -> None:
    cordoned = node()
    cordoned["spec"]["unschedulable"] = True
    tolerant = pod_request(template(tolerations=[{"operator": "Exists"}]))
    assert refusal_of(cordoned, tolerant) == ""


def quota(hard: Object, used: Object | None = None, **spec: object) -> Object:
    return {"metadata": {"name": "q"}, "spec": spec, "status": {"hard": hard, "used": used or {}}}


DEFAULTS = [
    {
        "metadata": {"name": "r"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}}]},
    }
]


def test_no_quota_and_a_quota_with_room_are_well() -> None:
    assert told(quotas([], [], POD)) == "ok: ResourceQuota: there is none"
    roomy = quota({f"requests.{GPU}": "2", "pods": "5", "requests.memory": "20Gi"}, {f"requests.{GPU}": "1"})
    assert told(quotas([roomy], DEFAULTS, POD)) == "ok: ResourceQuota: room for a run in q"


def test_a_quota_below_one_run_is_a_failure() -> None:
    found = quotas([quota({"limits.memory": "5Gi", f"requests.{GPU}": "0"})], DEFAULTS, POD)
    assert [each.level for each in found] == ["failure", "failure"]
    assert "allows limits.memory 5.0 GiB, and one run takes memory 6.0 GiB" in told(found)
    assert f"allows requests.{GPU} 0, and one run takes {GPU} 1" in told(found)


def test_a_quota_that_others_use_up_is_a_warning_because_runs_wait() -> None:
    [found] = quotas([quota({"pods": "3"}, {"pods": "3"})], [], POD)
    assert found.level == "warning"
    assert "pods 3 of 3 is in use, and one run takes pods 1" in found.what


def test_a_quota_on_what_a_container_does_not_state_refuses_it() -> None:
    limited = quota({"limits.cpu": "8"})
    [found] = quotas([limited], [], POD, argo_may=True)
    assert found.level == "failure"
    assert "the train pod states none" in found.what
    assert quotas([limited], DEFAULTS, POD)[0].level == "ok"


def test_argos_own_containers_must_state_it_too() -> None:
    limited = quota({"requests.memory": "64Gi"})
    [found] = quotas([limited], [], POD)
    assert found.level == "warning"
    assert "Argo's own containers" in found.what
    assert quotas([limited], [], POD, argo_may=True)[0].level == "ok"


@pytest.mark.parametrize(
    ("spec", "applies"),
    [
        ({"scopes": ["Terminating"]}, True),
        ({"scopes": ["NotTerminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["NotBestEffort"]}, True),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
                }
            },
            False,
        ),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]
                }
            },
            True,
        ),
    ],
)
def test_a_quota_counts_only_for_the_pods_in_its_scope(spec: Object, applies: bool) -> None:
    found = quotas([quota({"pods": "0"}, **spec)], [], POD)
    assert (found[0].level == "failure") == applies


def test_a_limit_range_bounds_one_container() -> None:
    item = {"type": "Container", "max": {"memory": "2Gi"}, "min": {"cpu": "2"}}
    found = limits([{"metadata": {"name": "r"}, "spec": {"limits": [item]}}], POD)
    assert [each.level for each in found] == ["failure", "failure"]
    assert "allows memory 2.0 GiB per container, and a run asks for memory 6.0 GiB" in told(found)
    assert "asks for cpu 2 per container at least, and a run for cpu 1" in told(found)
    volume = {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}
    assert limits([{"metadata": {"name": "r"}, "spec": {"limits": [volume]}}], POD) == []


def holding(name: str, *images: str) -> Object:
    made = node(name)
    made["status"]["images"] = [{"names": list(images)}, {"names": None}]
    return made


def never(_: str) -> Answer:
    raise AssertionError("the registry need not be asked")


def with_image(name: str, policy: str | None = None) -> PodRequest:
    container: Object = {"image": name, "resources": {}}
    if policy:
        container["imagePullPolicy"] = policy
    return pod_request(template({"container": container}))


def test_an_image_that_lies_on_every_node_need_not_be_pulled() -> None:
    nodes = [holding("a", "docker.io/kvjob/trainer:1"), holding("b", "docker.io/kvjob/trainer:1")]
    found = image(nodes, with_image("kvjob/trainer:1"), never)
    assert str(found) == "ok: image kvjob/trainer:1: lies on 2 of the 2 nodes that take the pods"


def test_an_image_that_no_registry_has_is_named() -> None:
    found = image([node()], with_image("kvjob/trainer:2"), lambda _: Answer("missing"))
    assert found.level == "failure"
    assert found.where == "image kvjob/trainer:2"


def test_an_image_that_is_always_pulled_is_asked_for_even_if_it_lies_there() -> None:
    nodes = [holding("a", "docker.io/kvjob/trainer:latest")]
    assert image(nodes, with_image("kvjob/trainer"), lambda _: Answer("missing")).level == "failure"
    assert image(nodes, with_image("kvjob/trainer"), lambda _: Answer("there")).level == "ok"


def test_a_registry_that_cannot_be_asked_is_a_warning() -> None:
    found = image([node()], with_image("kvjob/trainer:2"), lambda _: Answer("unknown", "no network"))
    assert (found.level, found.what) == (
        "warning",
        "could not be checked: no network; it lies on 0 of the 1 nodes that take the pods",
    )


def test_an_image_that_is_never_pulled_must_lie_there() -> None:
    assert image([node()], with_image("x/y:1", "Never"), never).level == "failure"
    nodes = [holding("a", "docker.io/x/y:1"), node("b")]
    assert image(nodes, with_image("x/y:1", "Never"), never).level == "warning"


def deployment(label: str, available: int | None) -> Object:
    status = {} if available is None else {"availableReplicas": available}
    return {
        "metadata": {"name": "workflow-controller", "namespace": "argo"},
        "spec": {"template": {"metadata": {"labels": {label: "workflow-controller"}}}},
        "status": status,
    }


@pytest.mark.parametrize("label", ["app", "app.kubernetes.io/component"])
def test_argos_controller_is_known_by_either_label(label: str) -> None:
    assert is_controller(deployment(label, 1))
    assert not is_controller(deployment("other", 1))


def test_a_controller_without_a_pod_is_a_failure() -> None:
    assert judge_controller([]).level == "failure"
    assert judge_controller([deployment("app", None)]).level == "failure"
    found = judge_controller([deployment("app", None), deployment("app", 1)])
    assert (found.level, found.what) == ("ok", "argo/workflow-controller runs")


def test_the_exit_code_is_that_of_what_trying_again_does_not_mend() -> None:
    store = of_error(StoreError("gone", where="store", fix="Bring it back"))
    data = of_error(DataError("damaged", where="data", fix="Mend it"))
    cluster = failure("missing", "x", "Make it")
    assert exit_code([ok("well", "x"), warning("odd", "x", "Look")]) == ExitCode.OK
    assert exit_code([store]) == ExitCode.STORE
    assert exit_code([store, data]) == ExitCode.DATA
    assert exit_code([store, data, cluster]) == ExitCode.CONFIGURATION


def test_all_failures_are_in_the_error_and_nothing_else() -> None:
    require([ok("well", "x"), warning("odd", "y", "Look")], "cluster")
    store = of_error(StoreError("gone", where="store", fix="Bring it back"))
    with pytest.raises(StoreError, match="cluster: store: gone. Bring it back."):
        require([store, warning("odd", "y", "Look")], "cluster")
    with pytest.raises(ConfigurationError, match="cluster: store: gone; x: missing. Bring it back; Make it."):
        require([store, failure("missing", "x", "Make it")], "cluster")


def test_amounts_of_devices_are_whole() -> None:
    assert pod_request(template()).devices[GPU] == Decimal(1)
