"""The faults that pods, a node and a cluster can meet, each a function that does the damage."""

import random
import subprocess
import time
from collections.abc import Callable

from kvjob.store import KeyMissing
from tests.cluster.argo import ROOT, items, kubectl, run
from tests.cluster.chaos.on_cluster import OnCluster
from tests.integration.chaos.faults import flip_bit, lose_part, truncate
from tests.integration.chaos.progress import Progress
from tests.integration.chaos.schedule import Fault, Missed

Inject = Callable[[OnCluster, str, random.Random], int | None]

MINIO = "kvjob-minio"
ARGO = "argo"
GONE = ("--ignore-not-found", "--wait=false")
AT_ONCE = ("--force", "--grace-period=0")


def delete_pod(study: OnCluster, key: str, chance: random.Random) -> None:
    kubectl("delete", "pod", study.pod(key), "-n", study.namespace, *GONE)


def delete_pod_at_once(study: OnCluster, key: str, chance: random.Random) -> None:
    kubectl("delete", "pod", study.pod(key), "-n", study.namespace, *GONE, *AT_ONCE)


def evict_pod(study: OnCluster, key: str, chance: random.Random) -> None:
    study.evict(study.pod(key))


def kill_process(study: OnCluster, key: str, chance: random.Random) -> None:
    study.inside(key, "os.kill(trainer, signal.SIGKILL)")


def stop_process(study: OnCluster, key: str, chance: random.Random) -> None:
    study.inside(key, "os.kill(trainer, signal.SIGTERM)")


def pause_process(study: OnCluster, key: str, chance: random.Random) -> None:
    seconds = chance.uniform(2, 5)
    study.inside(
        key,
        "import time\n"
        "os.kill(trainer, signal.SIGSTOP)\n"
        f"time.sleep({seconds})\n"
        "os.kill(trainer, signal.SIGCONT)\n",
    )


def store_away(study: OnCluster, key: str, chance: random.Random) -> None:
    scale = ("scale", f"statefulset/{MINIO}", "-n", study.namespace)
    try:
        kubectl(*scale, "--replicas=0")
        time.sleep(study.away_seconds)
    finally:
        kubectl(*scale, "--replicas=1")
    minio_back(study)


def kill_store(study: OnCluster, key: str, chance: random.Random) -> None:
    for pod in items("pods", study.namespace, "app.kubernetes.io/component=minio"):
        kubectl("delete", "pod", pod["metadata"]["name"], "-n", study.namespace, *GONE, *AT_ONCE)
    minio_back(study)


def minio_back(study: OnCluster) -> None:
    line = ("rollout", "status", f"statefulset/{MINIO}", "-n", study.namespace, "--timeout=180s")
    kubectl(*line, timeout=200)


def restart_controller(study: OnCluster, key: str, chance: random.Random) -> None:
    kubectl("delete", "pod", "-n", ARGO, "-l", "app=workflow-controller", *AT_ONCE)
    kubectl("rollout", "status", "deployment/workflow-controller", "-n", ARGO, "--timeout=180s", timeout=200)


def delete_exporter(study: OnCluster, key: str, chance: random.Random) -> None:
    kubectl("delete", "pod", "-n", study.namespace, "-l", "app.kubernetes.io/component=exporter", *AT_ONCE)


def drain_node(study: OnCluster, key: str, chance: random.Random) -> None:
    """Empty the node of the run's pod, and give it back."""
    pod = study.pod(key)
    node = kubectl("get", "pod", pod, "-n", study.namespace, "-o", "jsonpath={.spec.nodeName}")
    try:
        drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=120s")
        kubectl(*drain, timeout=150, check=False)
    finally:
        kubectl("uncordon", node)
    minio_back(study)
    kubectl("rollout", "status", "deployment/workflow-controller", "-n", ARGO, "--timeout=180s", timeout=200)


def restart_kubelet(study: OnCluster, key: str, chance: random.Random) -> None:
    run(ROOT / "scripts/cluster/part", "restart", "kubelet")


def cut_power(study: OnCluster, key: str, chance: random.Random) -> None:
    try:
        run(ROOT / "scripts/cluster/node", "stop")
        time.sleep(chance.uniform(1, 5))
    finally:
        run(ROOT / "scripts/cluster/node", "start")
    minio_back(study)


def _damaged(damage: Callable[[Progress, str, random.Random], None]) -> Inject:
    """Damage the newest checkpoint of a run whose trainer is gone, for the next one to find."""

    def inject(study: OnCluster, key: str, chance: random.Random) -> int:
        pod = study.pod(key)
        if "stopped" not in study.inside(key, STOP):  # it would train on upon what is damaged
            raise Missed
        try:
            study.settled(key)
            epochs = study.at_stake(key)
            damage(study, key, chance)
        except KeyMissing:
            study.inside(key, "os.kill(trainer, signal.SIGCONT)")
            raise Missed from None
        kubectl("delete", "pod", pod, "-n", study.namespace, *GONE, *AT_ONCE)
        return epochs

    return inject


STOP = """
import time
os.kill(trainer, signal.SIGSTOP)
until = time.monotonic() + 10
while time.monotonic() < until:
    if open(f"/proc/{trainer}/stat").read().rsplit(")", 1)[1].split()[0] == "T":
        print("stopped")
        break
    time.sleep(0.01)
"""
"""Stops the trainer and makes sure of it."""


def own_parts() -> bool:
    """Whether the cluster is that of scripts/cluster, whose parts can be stopped."""
    script = ROOT / "scripts/cluster/part"
    return subprocess.run([script, "status"], capture_output=True, check=False).returncode == 0


FAULTS = (
    Fault("pod deleted", delete_pod),
    Fault("pod deleted at once", delete_pod_at_once),
    Fault("pod evicted", evict_pod),
    Fault("process killed", kill_process),
    Fault("process stopped", stop_process),
    Fault("process paused", pause_process),
    Fault("store away", store_away, everybody=True),
    Fault("store killed", kill_store, everybody=True),
    Fault("workflow controller killed", restart_controller, everybody=True),
    Fault("exporter deleted", delete_exporter),
    Fault("node drained", drain_node, everybody=True, store_too=True),
    Fault("newest checkpoint: bit flipped", _damaged(flip_bit)),
    Fault("newest checkpoint: truncated", _damaged(truncate)),
    Fault("newest checkpoint: part missing", _damaged(lose_part)),
)
PARTS = (
    Fault("kubelet restarted", restart_kubelet, everybody=True),
    Fault("node without power", cut_power, everybody=True, store_too=True),
)
"""What only scripts/cluster lets a test do."""
