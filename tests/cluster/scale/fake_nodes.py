"""Nodes that are not there: kwok keeps them ready, and pods on them pretend to run.

The scheduler counts their GPUs, memory and pods as it does of real nodes. A taint keeps other pods away.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

LABEL = "kvjob-scale"
"""Label of the nodes, and key of their taint; its value is the namespace that they serve."""

NODES = 8
GPUS = 16
ALLOCATABLE = {"cpu": "64", "memory": "512Gi", "pods": "1000", "nvidia.com/gpu": str(GPUS)}

WORK = {
    key: {"expressionFrom": f'if .metadata.labels["kvjob/step"] == "train" then "{duration}" else "0s" end'}
    for key, duration in {"durationFrom": "2s", "jitterDurationFrom": "5s"}.items()
}
"""A run's pod pretends to work for 2 to 5 seconds, that of another step not at all."""

POD = '(.metadata.labels["kvjob/run"] // .metadata.labels["kvjob/step"])'
ATTEMPT = '(.metadata.annotations["workflows.argoproj.io/node-name"] | .[-3:])'
"""The end of a node's name is the number of its attempt, as `(0)`."""

RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
podIP: 192.0.2.1
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state:
    terminated: {exitCode: 0, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""

ENDED = """
{{ $now := Now }}
phase: PHASE
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state:
    terminated:
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
      {{ if eq .name "main" }}
      exitCode: CODE
      reason: REASON
      {{ else }}
      exitCode: 0
      reason: Completed
      {{ end }}
{{ end }}
"""


@contextmanager
def fake_nodes(namespace: str, exits: Mapping[str, int], folder: Path) -> Iterator[None]:
    """Nodes for the pods of a namespace; they are gone when the block ends.

    Args:
        namespace: whose pods tolerate the nodes' taint.
        exits: exit codes other than 0, by run key or step and attempt, as `verdict(0)`.
        folder: for kwok's configuration and log.
    """
    if not shutil.which("kwok"):
        pytest.skip(
            'kwok is missing: scripts/cluster/build makes it, `eval "$(scripts/cluster/env)"` finds it'
        )
    core = client.CoreV1Api()
    config = folder / "kwok.yaml"
    config.write_text("---\n".join(yaml.safe_dump(stage) for stage in stages(exits)))
    command = ["kwok", f"--config={config}", f"--kubeconfig={os.environ['KUBECONFIG']}"]
    command += [f"--manage-nodes-with-label-selector={LABEL}={namespace}", "--node-lease-duration-seconds=40"]
    # the kernel ends kwok with the tests, should these be killed
    leash = [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []
    names = [f"{namespace}-{number}" for number in range(NODES)]
    with (folder / "kwok.log").open("wb") as log:
        process = subprocess.Popen([*leash, "nice", *command], stdout=log, stderr=subprocess.STDOUT)
    try:
        for name in names:
            core.create_node(node(name, namespace))
        yield
    finally:
        process.terminate()
        process.wait()
        for name in names:
            with suppress(client.ApiException):
                core.delete_node(name)


def node(name: str, namespace: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {LABEL: namespace}},
        "spec": {"taints": [{"key": LABEL, "value": namespace, "effect": "NoSchedule"}]},
        "status": {"allocatable": ALLOCATABLE, "capacity": ALLOCATABLE},
    }


def stages(exits: Mapping[str, int]) -> list[dict[str, Any]]:
    """What kwok does with a pod, one Stage for each state and exit code."""
    alive = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    pending = {"key": ".status.phase", "operator": "NotIn", "values": ["Running", "Succeeded", "Failed"]}
    running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
    deleted = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}
    which = f"{POD} + {ATTEMPT}"
    well = {"key": which, "operator": "NotIn", "values": sorted(exits) or ["none"]}
    found = [
        stage("start", [alive, pending], {"statusTemplate": RUNNING}),
        stage("end-0", [alive, running, well], {"statusTemplate": ended(0)}, WORK),
        stage("delete", [deleted], {"finalizers": {"empty": True}, "delete": True}),
    ]
    for code in sorted(set(exits.values())):
        those = {"key": which, "operator": "In", "values": sorted(k for k, v in exits.items() if v == code)}
        found.append(stage(f"end-{code}", [alive, running, those], {"statusTemplate": ended(code)}, WORK))
    return found


def stage(
    name: str, conditions: list[dict[str, Any]], then: dict[str, Any], delay: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": conditions},
            "delay": delay or {},
            "next": then,
        },
    }


def ended(code: int) -> str:
    phase, reason = ("Failed", "Error") if code else ("Succeeded", "Completed")
    return ENDED.replace("PHASE", phase).replace("CODE", json.dumps(code)).replace("REASON", reason)
