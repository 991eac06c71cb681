"""What Argo's executor would tell of pods that do not run.

A mock stands here because 2,000 pods cannot run on one machine. It does as `argoexec wait` of Argo 4.0 does.
Once the pod runs, it makes a WorkflowTaskResult that is not complete, then adds the outputs that the pod's
template asks for, then the label that says they are complete.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from kubernetes import client

GROUP = "argoproj.io"
COMPLETE = "workflows.argoproj.io/report-outputs-completed"
WRITERS = 2
WATCH_SECONDS = 5

Pod = dict[str, Any]


@dataclass
class Pods:
    """What was seen of the pods of a namespace."""

    alive: set[str] = field(default_factory=set)
    at_once: int = 0
    """Most pods that were pending or running at one time."""
    seen: set[str] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)
    """Of the stand-in itself."""

    def note(self, pod: Pod, gone: bool) -> bool:
        """Whether it is news that the pod runs, or ran: between two watches it may have done both."""
        uid, phase = pod["metadata"]["uid"], pod["status"].get("phase", "Pending")
        if gone or phase in ("Succeeded", "Failed"):
            self.alive.discard(uid)
        else:
            self.alive.add(uid)
        self.at_once = max(self.at_once, len(self.alive))
        if phase == "Pending" or uid in self.seen:
            return False
        self.seen.add(uid)
        return True


@contextmanager
def executor(namespace: str, files: Mapping[str, str]) -> Iterator[Pods]:
    """Report the outputs of every pod of a namespace until the block ends.

    Args:
        namespace: to watch.
        files: what the containers would have written, by path.
    """
    pods, ended = Pods(), threading.Event()
    with ThreadPoolExecutor(WRITERS) as writers:

        def guarded(work: Callable[..., None], *arguments: Any) -> None:
            try:
                work(*arguments)
            except Exception as error:
                if not ended.is_set():
                    pods.failures.append(error)

        def watch() -> None:
            while not ended.is_set():
                listed, changes = listed_and_changes(namespace)
                pods.alive.clear()
                for kind, pod in chain((("ADDED", pod) for pod in listed), changes):
                    if pods.note(pod, kind == "DELETED"):
                        writers.submit(guarded, report, pod, files)

        watcher = threading.Thread(target=guarded, args=(watch,), name="executor", daemon=True)
        watcher.start()
        try:
            yield pods
        finally:
            ended.set()
            watcher.join(timeout=10)


def listed_and_changes(namespace: str) -> tuple[list[Pod], Iterator[tuple[str, Pod]]]:
    """The namespace's pods, and what changes of them for a while; as plain JSON, which is quick to read."""
    core = client.CoreV1Api()
    listed = json.loads(core.list_namespaced_pod(namespace, _preload_content=False).data)
    stream = core.list_namespaced_pod(
        namespace,
        watch=True,
        resource_version=listed["metadata"]["resourceVersion"],
        timeout_seconds=WATCH_SECONDS,
        _preload_content=False,
    )
    return listed["items"], changes(stream)


def changes(stream: Any) -> Iterator[tuple[str, Pod]]:
    """What a watch tells, up to its end."""
    rest = b""
    for chunk in stream.stream(amt=None):
        *lines, rest = (rest + chunk).split(b"\n")
        for event in map(json.loads, lines):
            if event["type"] == "ERROR":  # the API server has forgotten where the watch began: list again
                return
            yield event["type"], event["object"]


def report(pod: Pod, files: Mapping[str, str]) -> None:
    """Write the task result of a pod, as its executor would."""
    custom, metadata = client.CustomObjectsApi(), pod["metadata"]
    name = metadata["annotations"]["workflows.argoproj.io/node-id"]
    [owner] = metadata["ownerReferences"]
    where = (GROUP, "v1alpha1", metadata["namespace"], "workflowtaskresults")
    placeholder = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "WorkflowTaskResult",
        "metadata": {
            "name": name,
            "labels": {"workflows.argoproj.io/workflow": owner["name"], COMPLETE: "false"},
            "ownerReferences": [{key: owner[key] for key in ("apiVersion", "kind", "name", "uid")}],
        },
    }
    custom.create_namespaced_custom_object(*where, placeholder)
    custom.patch_namespaced_custom_object(*where, name, {"outputs": outputs(pod, files)})
    custom.patch_namespaced_custom_object(*where, name, {"metadata": {"labels": {COMPLETE: "true"}}})


def outputs(pod: Pod, files: Mapping[str, str]) -> dict[str, Any]:
    """The outputs of the template that the pod carries for its executor, with the values of the files."""
    [init] = [one for one in pod["spec"]["initContainers"] if one["name"] == "init"]
    [template] = [one["value"] for one in init["env"] if one["name"] == "ARGO_TEMPLATE"]
    told = json.loads(template).get("outputs", {})
    for parameter in told.get("parameters", []):
        parameter["value"] = files[parameter["valueFrom"]["path"]]
    return told
