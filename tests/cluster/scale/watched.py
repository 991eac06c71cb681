"""A workflow while it runs: how large it is, what its controller takes, how fast the API server answers."""

import base64
import gzip
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client

from tests.cluster.scale.executor import GROUP

EVERY_SECONDS = 1.0

Node = dict[str, Any]

LINE = re.compile(r'^container_(\w+)\{container="workflow-controller",[^}]*\} (\S+)', re.MULTILINE)


@dataclass
class Watched:
    """What was measured until now."""

    namespace: str
    name: str
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0
    """From the first look to the last."""
    largest_bytes: int = 0
    """Of the Workflow as the API server kept it, with its notes on who set which field."""
    nodes_bytes: int = 0
    """Of its nodes, as JSON."""
    packed_bytes: int = 0
    """Of the Workflow without those notes and with its nodes packed, which Argo does beyond 1 MiB."""
    nodes: dict[str, Node] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    controller_bytes: list[float] = field(default_factory=list)
    controller_cpu: list[float] = field(default_factory=list)
    answer_seconds: list[float] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.status.get("phase") in ("Succeeded", "Failed", "Error")

    def wait(self, seconds: float) -> None:
        """Measure every second until the workflow is over."""
        while not self.over:
            self.look()
            assert self.seconds < seconds, f"{self.status.get('phase')} after {seconds:.0f} s"
            time.sleep(EVERY_SECONDS)

    @property
    def controller_seconds(self) -> float:
        """CPU time of Argo's controller, in seconds."""
        return self.controller_cpu[-1] - self.controller_cpu[0]

    def look(self) -> None:
        """Measure once."""
        self._measure_workflow()
        self._measure_controller()
        started = time.monotonic()
        client.CoreV1Api().read_namespace(self.namespace, _preload_content=False)
        self.answer_seconds.append(time.monotonic() - started)

    def _measure_workflow(self) -> None:
        data = (
            client.CustomObjectsApi()
            .get_namespaced_custom_object(
                GROUP, "v1alpha1", self.namespace, "workflows", self.name, _preload_content=False
            )
            .data
        )
        self.seconds = time.monotonic() - self.started
        self.largest_bytes = max(self.largest_bytes, len(data))
        workflow = json.loads(data)
        self.status = workflow.get("status", {})
        self.nodes = nodes(self.status)
        written = compact(self.nodes)
        packed = base64.b64encode(gzip.compress(written)).decode()
        status = {**self.status, "nodes": None, "compressedNodes": packed}
        metadata = {**workflow["metadata"], "managedFields": None}
        self.nodes_bytes = len(written)
        self.packed_bytes = len(compact({**workflow, "metadata": metadata, "status": status}))

    def _measure_controller(self) -> None:
        core = client.CoreV1Api()
        [pod] = core.list_namespaced_pod("argo", label_selector="app=workflow-controller").items
        text = core.connect_get_node_proxy_with_path(pod.spec.node_name, "metrics/resource")
        values = {name: float(value) for name, value in LINE.findall(text)}
        self.controller_bytes.append(values["memory_working_set_bytes"])
        self.controller_cpu.append(values["cpu_usage_seconds_total"])


def nodes(status: dict[str, Any]) -> dict[str, Node]:
    """The nodes of a workflow, which Argo packs when the object would be larger than 1 MiB."""
    packed = status.get("compressedNodes")
    return json.loads(gzip.decompress(base64.b64decode(packed))) if packed else status.get("nodes", {})


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
