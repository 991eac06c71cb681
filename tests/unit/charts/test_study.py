"""The WorkflowTemplate: what kvjob renders, and values laid over it where they belong."""

import copy
import json
import re

import pytest

import kvjob
from tests.unit.charts.rendering import CHART, EVERY, SCENARIOS, env, rendered, source, step, study

STEPS = ["prepare", "train", "report", "verdict"]
MIG = "nvidia.com/mig-1g.10gb"


def braces(text: str) -> list[str]:
    return sorted(re.findall(r"\{\{[^{}]*\}\}", text))


def patch(scenario: str = "", *settings: str) -> dict:
    return json.loads(step("train", scenario, *settings)["podSpecPatch"])


def test_without_values_the_study_is_as_kvjob_renders_it():
    ours, theirs = copy.deepcopy(study()), source()["spec"]
    for spec in (ours, theirs):  # JSON in a string: its order is of no meaning
        for template in spec["templates"]:
            if "podSpecPatch" in template:
                template["podSpecPatch"] = json.loads(template["podSpecPatch"])
    assert ours == theirs


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_argo_s_braces_come_through(scenario):
    expected = braces((CHART / "files/kvjob-study.json").read_text(encoding="utf-8"))
    if scenario == "shared-gpu-mig":  # one memory for every run, instead of its own
        expected = [each for each in expected if each != "{{inputs.parameters.memory}}"]
    assert braces(json.dumps(study(scenario))) == expected


@pytest.mark.parametrize("scenario", EVERY)
def test_no_secret_is_in_the_study(scenario):
    objects = rendered(scenario)
    secrets = [each for (kind, _), each in objects.items() if kind == "Secret"]
    text = json.dumps(objects["WorkflowTemplate", "kvjob-study"])
    words = [word for each in secrets for word in each["stringData"].values() if len(word) >= 8]
    assert scenario == "external-s3" or words
    assert [word for word in words if word in text] == []
    assert "kvjob-minio-root" not in text


def test_defaults_of_parameters_are_values():
    given = {each["name"]: each["value"] for each in study("one-gpu-node")["arguments"]["parameters"]}
    assert given == {
        "study": "paper", "name": "", "preset": "full", "seeds": "3", "only": "", "set": "", "data": "kvasir",
    }  # fmt: skip


def test_a_registry_goes_before_every_image_and_the_container_knows_its_name():
    digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    images = {name: step(name, "external-s3")["container"]["image"] for name in STEPS}
    assert images["prepare"] == f"registry.example/endoscopy/kvjob-tools:{kvjob.__version__}"
    assert images["train"] == f"registry.example/endoscopy/kvjob-trainer@{digest}"
    for name in STEPS:
        assert env(name, "external-s3")["KVJOB_IMAGE"] == images[name]
    assert study("external-s3")["imagePullSecrets"] == [{"name": "registry"}]


def test_a_registry_s_port_is_no_tag():
    settings = (
        'images.registry="localhost:5000"',
        'images.trainer.tag="cu128"',
        'images.pullPolicy="Never"',
    )
    container = step("train", "", *settings)["container"]
    assert container["image"] == "localhost:5000/kvjob/trainer:cu128"
    assert container["imagePullPolicy"] == "Never"


def test_train_pods_and_no_others_ask_for_a_gpu():
    assert step("train")["container"]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert step("train", "shared-gpu-mig")["container"]["resources"]["limits"] == {"memory": "4Gi", MIG: "1"}
    for name in ("prepare", "report", "verdict"):
        assert "/" not in "".join(step(name, "shared-gpu-mig")["container"]["resources"]["limits"])
    assert env("prepare", "shared-gpu-mig")["KVJOB_GPUS"] == "1"


def test_without_gpus_nothing_asks_for_one_and_memory_is_planned_for_cpus():
    assert step("train", "kind-cpu")["container"]["resources"]["limits"] == {"memory": "4Gi"}
    assert env("prepare", "kind-cpu")["KVJOB_GPUS"] == "0"
    assert "tolerations" not in step("train", "kind-cpu")


def test_train_pods_and_no_others_go_where_gpus_are():
    train = step("train", "one-gpu-node")
    assert train["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert train["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert "nodeAffinity" in step("train", "shared-gpu-mig")["affinity"]
    for name in ("prepare", "report", "verdict"):
        assert not {"nodeSelector", "tolerations"} & step(name, "one-gpu-node").keys()


def test_what_holds_for_all_pods_adds_to_what_train_pods_have():
    settings = ('pods.nodeSelector={"zone":"a"}', 'pods.tolerations=[{"key":"batch","operator":"Exists"}]')
    assert step("verdict", "one-gpu-node", *settings)["nodeSelector"] == {"zone": "a"}
    train = step("train", "one-gpu-node", *settings)
    assert train["nodeSelector"] == {"nvidia.com/gpu.present": "true", "zone": "a"}
    assert [each["key"] for each in train["tolerations"]] == ["nvidia.com/gpu", "batch"]


def test_kueue_admits_train_pods_and_no_others():
    labels = step("train", "kueue")["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "gpu"
    assert labels["kueue.x-k8s.io/priority-class"] == "studies"
    assert labels["kvjob/run"] == "{{inputs.parameters.key}}"
    assert step("train", "kueue")["priorityClassName"] == "batch-low"
    for name in ("prepare", "report", "verdict"):
        assert "kueue" not in json.dumps(step(name, "kueue"))


def test_labels_annotations_and_variables_are_added():
    assert study("external-s3")["podMetadata"]["labels"] == {
        "app.kubernetes.io/part-of": "kvjob",
        "cost-center": "surgery",
    }
    assert all(env(name, "external-s3")["HTTPS_PROXY"] == "http://proxy.example:3128" for name in STEPS)
    train = step("train", "kueue")
    assert train["metadata"]["annotations"] == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
    assert env("train", "kueue")["OMP_NUM_THREADS"] == "4"
    assert "OMP_NUM_THREADS" not in env("prepare", "kueue")


def test_memory_is_each_run_s_own_unless_a_value_says_otherwise():
    own = {"memory": "{{inputs.parameters.memory}}"}
    assert patch()["containers"] == [{"name": "main", "resources": {"limits": own, "requests": own}}]
    all_runs = {"memory": "12Gi"}
    resources = {"limits": all_runs, "requests": all_runs}
    assert patch("shared-gpu-mig")["containers"] == [{"name": "main", "resources": resources}]


def test_a_train_pod_s_resources_runtime_and_time_are_values():
    train = step("train", "one-gpu-node")
    assert train["container"]["resources"] == {
        "requests": {"cpu": "4", "memory": "4Gi"},
        "limits": {"cpu": "8", "memory": "4Gi", "nvidia.com/gpu": "1"},
    }
    assert {"medium": "Memory", "sizeLimit": "4Gi"} in [volume["emptyDir"] for volume in train["volumes"]]
    assert patch("one-gpu-node")["runtimeClassName"] == "nvidia"
    assert patch("one-gpu-node")["terminationGracePeriodSeconds"] == 60
    assert step("train", "", "train.activeDeadlineSeconds=3600")["activeDeadlineSeconds"] == 3600


def test_retries_and_how_long_they_wait_are_values():
    retry = step("train", "kueue")["retryStrategy"]
    assert retry["limit"] == "50"
    assert retry["backoff"] == {"duration": "30s", "factor": "2", "cap": "15m"}
    assert retry["expression"] == step("train")["retryStrategy"]["expression"]
    assert step("report", "", "report.retries=0")["retryStrategy"]["limit"] == "0"


def test_how_much_runs_at_once_and_how_long_it_stays_are_values():
    assert study("kueue")["parallelism"] == 200
    assert study("kueue")["podGC"]["deleteDelayDuration"] == "120s"
    assert study("", "keep.podSeconds=0")["podGC"]["deleteDelayDuration"] == "0s"
    assert study("", "keep.workflowSeconds=2592000")["ttlStrategy"]["secondsAfterCompletion"] == 2592000


def test_the_report_goes_below_the_store_s_prefix():
    key = step("report", "external-s3")["outputs"]["artifacts"][0]["s3"]["key"]
    assert key == "teams/surgery/" + step("report")["outputs"]["artifacts"][0]["s3"]["key"]


def test_a_secret_of_another_name_is_the_one_that_pods_get():
    for name in STEPS:
        sources = step(name, "external-s3")["container"]["envFrom"]
        assert {"secretRef": {"name": "endoscopy-s3"}} in sources
        assert {"configMapRef": {"name": "kvjob-store"}} in sources
