"""Programs that a user of the cluster types, and what they answer."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

OVER = ("Succeeded", "Failed", "Error")


def run(*line: object, timeout: float = 300, check: bool = True) -> str:
    """What a program prints; its words on failure are the test's message."""
    done = subprocess.run(
        [str(part) for part in line], capture_output=True, text=True, timeout=timeout, cwd=ROOT
    )
    if check and done.returncode:
        words = " ".join(map(str, line))
        raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def kubectl(*arguments: object, **options: Any) -> str:
    return run("kubectl", *arguments, **options)


@contextmanager
def vacant(namespace: str) -> Iterator[str]:
    """The name of a namespace to make.

    What an interrupted run of the tests left there goes before the block, what the block made goes after it.
    """
    delete = ("delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s")
    kubectl(*delete, timeout=150)
    try:
        yield namespace
    finally:
        kubectl(*delete, timeout=150)


def items(kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
    """Objects of a kind in a namespace."""
    chosen = ["-l", selector] if selector else []
    return json.loads(kubectl("get", kind, "-n", namespace, *chosen, "-o", "json"))["items"]


@dataclass(frozen=True)
class Workflow:
    """A submitted workflow."""

    name: str
    namespace: str

    def read(self) -> dict[str, Any]:
        return json.loads(kubectl("get", "workflow", self.name, "-n", self.namespace, "-o", "json"))

    def wait(self, seconds: float, look: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The workflow when it is over; look is called every two seconds until then."""
        limit = time.monotonic() + seconds
        while True:
            workflow = self.read()
            if workflow.get("status", {}).get("phase") in OVER:
                return workflow
            assert time.monotonic() < limit, self.story(workflow)
            look()
            time.sleep(2)

    def succeed(self, seconds: float, look: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The same for one that must succeed."""
        workflow = self.wait(seconds, look)
        assert workflow["status"]["phase"] == "Succeeded", self.story(workflow)
        return workflow

    def story(self, workflow: dict[str, Any]) -> str:
        """What argo shows, and the messages of what is not well."""
        told = run("argo", "get", self.name, "-n", self.namespace, "--no-color", check=False)
        for node in nodes(workflow):
            if node["type"] == "Pod" and node.get("phase") not in ("Succeeded", "Omitted"):
                told += f"\n{node['displayName']}: {node.get('message')}"
        return told


def submit(file: str, namespace: str, **parameters: object) -> Workflow:
    """`argo submit`, as README tells it."""
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    line = ("argo", "submit", file, "-n", namespace, *given, "-o", "name")
    return Workflow(run(*line).strip(), namespace)


def nodes(workflow: dict[str, Any], template: str = "") -> list[dict[str, Any]]:
    """Nodes of a workflow, or those of a template that stand for pods."""
    found = list(workflow["status"].get("nodes", {}).values())
    if not template:
        return found
    return [node for node in found if node.get("templateName") == template and node["type"] == "Pod"]
