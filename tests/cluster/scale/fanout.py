"""The study's own WorkflowTemplate in a namespace of its own, its pods on nodes that are not there."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kubernetes import client

from kvjob.cluster.names import STUDY_TEMPLATE
from kvjob.cluster.study_template import study_template
from tests.cluster.scale.executor import GROUP
from tests.cluster.scale.fake_nodes import LABEL

PARALLELISM = 100
SECONDS_TO_BE_SEEN = 3
"""Argo's controller refuses a workflow whose template its watch has not told it of yet."""
SECONDS_KEPT = 5
"""How long a pod stays after its end, so that the machine is not left with thousands of them."""


@contextmanager
def namespace() -> Iterator[str]:
    """A namespace with what the chart puts into one, as far as pods that do not run need it."""
    core, custom = client.CoreV1Api(), client.CustomObjectsApi()
    name = f"scale-{secrets.token_hex(3)}"
    core.create_namespace({"metadata": {"name": name}})
    try:
        for account in ("kvjob-run", "kvjob-prepare"):
            core.create_namespaced_service_account(name, {"metadata": {"name": account}})
        core.create_namespaced_config_map(name, artifacts())
        custom.create_namespaced_custom_object(GROUP, "v1alpha1", name, "workflowtemplates", template(name))
        time.sleep(SECONDS_TO_BE_SEEN)
        yield name
    finally:
        core.delete_namespace(name)
        until_gone(name)


def template(namespace: str) -> dict[str, Any]:
    """The template as the chart would lay values over it for these nodes; its steps are untouched."""
    told = study_template().to_dict()
    told["spec"]["parallelism"] = PARALLELISM
    told["spec"]["podGC"]["deleteDelayDuration"] = f"{SECONDS_KEPT}s"
    for step in told["spec"]["templates"]:
        if "container" in step:
            step["nodeSelector"] = {LABEL: namespace}
            step.setdefault("tolerations", []).append(
                {"key": LABEL, "value": namespace, "effect": "NoSchedule"}
            )
    return told


def artifacts() -> dict[str, Any]:
    """An artifact repository that nobody writes to: Argo only makes names of it."""
    secret = {"name": "kvjob-store", "key": "none"}
    s3 = {"endpoint": "store:9000", "bucket": "kvjob", "accessKeySecret": secret, "secretKeySecret": secret}
    return {"metadata": {"name": "kvjob-artifacts"}, "data": {"kvjob": json.dumps({"s3": s3})}}


def submit(namespace: str, parameters: Mapping[str, str]) -> str:
    """The name of a workflow as the files of `workflows/` submit it."""
    given = [{"name": name, "value": value} for name, value in parameters.items()]
    workflow = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "all-experiments-"},
        "spec": {"workflowTemplateRef": {"name": STUDY_TEMPLATE}, "arguments": {"parameters": given}},
    }
    custom = client.CustomObjectsApi()
    made = custom.create_namespaced_custom_object(GROUP, "v1alpha1", namespace, "workflows", workflow)
    return made["metadata"]["name"]


def until_gone(namespace: str, seconds: float = 300) -> None:
    """Wait for the end of a namespace, while kwok still takes its pods away."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            client.CoreV1Api().read_namespace(namespace)
        except client.ApiException as error:
            if error.status == 404:
                return
            raise
        time.sleep(1)
    raise AssertionError(f"namespace {namespace} is still there after {seconds:.0f} s")
