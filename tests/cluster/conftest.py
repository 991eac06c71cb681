"""A cluster for tests: the one that KUBECONFIG names, or one that scripts/cluster brings up."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from kvjob.cluster.connect import connect
from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.store import Store
from tests.cluster.argo import ROOT, kubectl, run, vacant
from tests.cluster.installed import SMALL, Installed


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    """KUBECONFIG and PATH of this process, and of those it starts, lead to a cluster with Argo."""
    if "KUBECONFIG" not in os.environ:
        run(ROOT / "scripts/cluster/up", timeout=900)
        shell = f'eval "$({ROOT}/scripts/cluster/env)"; printf "%s\\n%s" "$KUBECONFIG" "$PATH"'
        os.environ["KUBECONFIG"], os.environ["PATH"] = subprocess.run(
            ["bash", "-c", shell], capture_output=True, text=True, check=True
        ).stdout.split("\n")
    kubectl("get", "crd", "workflows.argoproj.io", timeout=30)


@pytest.fixture(scope="session")
def gpus(cluster) -> Iterator[int]:
    """Two GPUs that the scheduler counts; the node's own number of them comes back afterwards."""
    path = "jsonpath={.items[0].status.allocatable.nvidia\\.com/gpu}"
    before = kubectl("get", "nodes", "-o", path).strip() or "0"
    run(ROOT / "scripts/cluster/gpus", 2)
    yield 2
    run(ROOT / "scripts/cluster/gpus", before)


@pytest.fixture(scope="session")
def installed(cluster) -> Iterator[Installed]:
    """The chart, with a MinIO of its own, in a namespace that is gone afterwards."""
    values = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
    with vacant("study-test") as namespace:
        line = ("helm", "install", "kvjob", ROOT / "charts/kvjob", "-n", namespace, "--create-namespace")
        run(*line, *values, "--wait", timeout=300)
        yield Installed(namespace)
        run("helm", "uninstall", "kvjob", "-n", namespace, "--wait", timeout=300)


@pytest.fixture(scope="session")
def store(installed: Installed) -> Iterator[Store]:
    """The store of that namespace, reached as `kvjob fetch` reaches it."""
    with open_namespace_store(installed.namespace, connect(None)) as place:
        yield place
