"""`kvjob preflight` on a real API server, with namespaces that lack what a study needs."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kvjob.cluster.memory import memory_request
from kvjob.experiments import load_study
from kvjob.study import configurations
from tests.cluster.argo import kubectl
from tests.cluster.own_namespace import (
    BUSYBOX,
    PASSWORD,
    Own,
    account,
    credentials,
    devices,
    own_namespace,
    study_template,
)
from tests.integration.study import Done, kvjob

DEVICE = "example.com/preflight"
"""A resource that no other test counts on."""


@pytest.fixture(scope="module")
def own(cluster, tmp_path_factory) -> Iterator[Own]:
    with own_namespace("preflight-test", tmp_path_factory.mktemp("preflight")) as made:
        yield made


@pytest.fixture
def device(cluster) -> Iterator[str]:
    """Two of a device on the node, until the test ends."""
    devices(DEVICE, 2)
    yield DEVICE
    devices(DEVICE, 0)


@pytest.fixture
def empty_registry() -> Iterator[str]:
    """The address of a registry that has no image."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def preflight(own: Own, *arguments: object, **environment: str) -> Done:
    return kvjob("preflight", *arguments, "-n", own.namespace, **environment)


def failures(done: Done) -> list[str]:
    return [line.removeprefix("failure: ") for line in done.out.splitlines() if line.startswith("failure: ")]


def test_a_namespace_that_has_everything_passes(own: Own, device: str):
    own.apply(study_template(device=device))
    done = preflight(own)
    assert done.code == 0, done.out + done.err
    assert not failures(done)
    for found in (
        "ok: Deployment workflow-controller: ",
        f"ok: resource {DEVICE}: 2 on 1 node open to the pods",
        f"ok: image {BUSYBOX}: lies on",
        "ok: largest run: ",
        "ok: ServiceAccount kvjob-run",
        "ok: store s3://kvjob/studies-here: can be written and read",
    ):
        assert found in done.out


def test_the_largest_run_of_a_study_is_what_must_fit(own: Own):
    own.apply(study_template())
    configs = configurations(load_study("paper"))
    most = max(memory_request(config, 590, gpus=0) for config in configs)
    assert f"memory {most / 2**30:.1f} GiB: fits on" in preflight(own, "paper").out
    done = preflight(own, "paper", "--set", "input_size=2048")
    assert done.code == 78
    [failed] = failures(done)
    assert failed.startswith("largest run: asks for cpu 0.05, memory ")
    assert "no node has that even if empty" in failed


def test_all_that_is_wrong_is_told_at_once(own: Own, empty_registry: str, tmp_path):
    image = f"{empty_registry}/kvjob/trainer:0"
    quota = {"hard": {"pods": "0"}}
    own.apply(
        study_template(image, device="example.com/none", user="nobody"),
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": quota},
        credentials("wrong-password"),
    )
    try:
        (tmp_path / "data").mkdir()
        done = preflight(own, "--data", tmp_path / "data")
    finally:
        own.delete("resourcequota", "none")
        own.apply(credentials(PASSWORD))
    assert done.code == 78
    told = "\n".join(failures(done))
    assert "resource example.com/none: none of the " in told
    assert "has any. Install the device plugin" in told
    assert f"image {image}: its registry does not have it" in told
    assert "ResourceQuota none: allows pods 0, and one run takes pods 1" in told
    assert "ServiceAccount nobody in namespace preflight-test: there is none" in told
    assert "the secret key is not that of this access key" in told
    assert "service kvjob-minio in namespace preflight-test" in told
    assert f"{tmp_path}/data" in told


def test_a_run_without_a_node_for_its_memory_is_told(own: Own):
    own.apply(study_template(memory="9Ti"))
    done = preflight(own)
    assert done.code == 78
    [failed] = failures(done)
    assert "memory 9216.0 GiB, and no node has that even if empty: the nearest, " in failed


def test_an_account_that_may_not_report_to_argo_is_told(own: Own):
    own.apply(*account("mute"), study_template(user="mute"))
    kubectl("delete", "role", "mute", "-n", own.namespace)
    done = preflight(own)
    assert done.code == 78
    [failed] = failures(done)
    assert "may not create and patch workflowtaskresults.argoproj.io" in failed


def test_a_store_without_a_pod_is_told_with_74_and_what_to_look_at(own: Own):
    own.apply(study_template())
    kubectl("scale", "deployment/minio", "-n", own.namespace, "--replicas=0")
    kubectl("wait", "--for=delete", "pod", "-l", "app=minio", "-n", own.namespace, "--timeout=60s")
    try:
        done = preflight(own)
    finally:
        kubectl("scale", "deployment/minio", "-n", own.namespace, "--replicas=1")
        kubectl("rollout", "status", "deployment/minio", "-n", own.namespace, "--timeout=60s")
    assert done.code == 74
    [failed] = failures(done)
    assert "none of the 0 pods behind it is ready. See `kubectl get pods -n preflight-test" in failed


def test_what_one_may_not_look_at_is_a_warning(own: Own):
    own.apply(*account("stranger"), study_template())
    done = preflight(own, KUBECONFIG=str(own.kubeconfig("stranger")))
    warned = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    assert done.code == 78, done.out
    [failed] = failures(done)
    assert "may not create workflows.argoproj.io" in failed
    for what in ("list deployments", "read WorkflowTemplate", "read ConfigMap"):
        assert any(f"could not be checked: not allowed to {what}" in line for line in warned), done.out


def test_the_prepare_step_needs_these_rights_and_no_more(own: Own, monkeypatch):
    from kvjob.cluster.connect import connect
    from kvjob.cluster.preflight import check_cluster

    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtemplates"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["resourcequotas", "limitranges"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]},
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["localsubjectaccessreviews"],
            "verbs": ["create"],
        },
    ]
    own.apply(*account("kvjob-prepare", *rules), study_template())
    kubectl("create", "clusterrole", "preflight-test", "--verb=list", "--resource=nodes")
    subject = f"--serviceaccount={own.namespace}:kvjob-prepare"
    kubectl("create", "clusterrolebinding", "preflight-test", "--clusterrole=preflight-test", subject)
    try:
        monkeypatch.setenv("KUBECONFIG", str(own.kubeconfig("kvjob-prepare")))
        found = check_cluster(connect(), own.namespace)
    finally:
        monkeypatch.undo()
        kubectl("delete", "clusterrolebinding,clusterrole", "preflight-test")
    assert [each.level for each in found] == ["ok"] * len(found), found
    assert len(found) == 6
