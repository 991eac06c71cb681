"""A study that trains in pods while it is disturbed: what a fault can reach of it."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.argo import OVER, Workflow, items, kubectl
from tests.integration.chaos.progress import Progress
from tests.integration.chaos.schedule import Missed

BACK_SECONDS = 180


@dataclass
class OnCluster(Progress):
    """A submitted study and the namespace it trains in."""

    workflow: Workflow = field(kw_only=True)
    folder: Path = field(kw_only=True)
    """For files that kubectl reads."""
    away_seconds: float = field(kw_only=True)
    """How long the store stays away."""

    @property
    def namespace(self) -> str:
        return self.workflow.namespace

    def over(self) -> bool:
        try:
            return self.workflow.read().get("status", {}).get("phase") in OVER
        except (AssertionError, subprocess.TimeoutExpired):  # the API server is away for a moment
            return False

    def told(self) -> str:
        return self.workflow.story(self.workflow.read())

    def training(self) -> set[str]:
        return set(self.pods())

    def pods(self) -> dict[str, str]:
        """Names of the pods that train, by the key of their run."""
        found = {}
        for pod in items("pods", self.namespace, "kvjob/step=train"):
            if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]:
                found[pod["metadata"]["labels"]["kvjob/run"]] = pod["metadata"]["name"]
        return found

    def pod(self, key: str) -> str:
        """The pod that trains a run."""
        try:
            return self.pods()[key]
        except KeyError:
            raise Missed from None

    def inside(self, key: str, program: str) -> str:
        """What a Python program prints in the trainer's container, where `trainer` is its process id."""
        find = (
            "import glob, os, signal\n"
            "def words(path): return open(path).read().split('\\0')\n"
            "trainer = next(int(path.split('/')[2]) for path in glob.glob('/proc/[0-9]*/cmdline')\n"
            "    if 'train' in words(path) and 'emissary' not in words(path))\n"
        )
        line = (
            "exec",
            self.pod(key),
            "-n",
            self.namespace,
            "-c",
            "main",
            "--",
            "python",
            "-c",
            find + program,
        )
        # the exec may end with what it ended
        return kubectl(*line, timeout=120, check=False)

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for something of the cluster's own to come back."""
        limit = time.monotonic() + BACK_SECONDS
        while not holds():
            assert time.monotonic() < limit, f"{what} did not come back"
            time.sleep(1)

    def evict(self, pod: str) -> None:
        """Ask for a pod's eviction, as a drain does."""
        meta = {"name": pod, "namespace": self.namespace}
        file = self.folder / "eviction.json"
        file.write_text(json.dumps({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}))
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        kubectl("create", "--raw", path, "-f", file)
