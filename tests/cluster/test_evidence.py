"""What a real cluster tells of pods that are killed for their memory, deleted and evicted."""

import json
import time
from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from kvjob.cluster.evidence import EvidenceWatch
from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.document import write_document
from kvjob.records.failure import read_bundle
from tests.cluster.argo import kubectl
from tests.cluster.own_namespace import BUSYBOX, own_namespace

NAMESPACE = "evidence-test"
COMMANDS = {
    "oom-killed": "x=a; while true; do x=$x$x; done",
    "pod-deleted": "sleep 600",
    "evicted": "sleep 600",
    "lost": "sleep 2; exit 70",
}
"""What the pod of each cause does; the run's key is the cause."""


def pod(cause, command):
    resources = {"limits": {"memory": "32Mi"}, "requests": {"memory": "32Mi", "cpu": "10m"}}
    main = {"name": "main", "image": BUSYBOX, "command": ["sh", "-c", command], "resources": resources}
    labels = {"kvjob/run": cause, "kvjob/study": "evidence", "kvjob/step": "train"}
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 2, "containers": [main]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p-{cause}", "labels": labels},
        "spec": spec,
    }


@pytest.mark.timeout(300)
def test_each_end_is_told_by_its_cause_with_the_events_that_show_it(cluster, tmp_path):
    now, over = datetime.now(UTC), Event()
    with own_namespace(NAMESPACE, tmp_path) as own, open_namespace_store(NAMESPACE) as store:
        for cause in COMMANDS:
            record = Attempt(number=1, started=now, last_seen=now, pod=f"p-{cause}")
            write_document(store, layout.attempt(cause, 1), record)
        watching = EvidenceWatch(own.cluster, NAMESPACE, store, print)

        def watch():
            while not over.is_set():
                watching.round()

        thread = Thread(target=watch)
        thread.start()
        try:
            own.apply(*(pod(cause, command) for cause, command in COMMANDS.items()))
            for cause in ("pod-deleted", "evicted"):
                kubectl("wait", f"pod/p-{cause}", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=60s")
            own.delete("pod", "p-pod-deleted")
            eviction = tmp_path / "eviction.json"
            names = {"name": "p-evicted", "namespace": NAMESPACE}
            eviction.write_text(
                json.dumps({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": names})
            )
            place = f"/api/v1/namespaces/{NAMESPACE}/pods/p-evicted/eviction"
            kubectl("create", "--raw", place, "-f", eviction)
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                if all(read_bundle(store, cause, 1).pod for cause in COMMANDS):
                    break
                time.sleep(2)
        finally:
            over.set()
            thread.join()
        assert {cause: read_attempts(store, cause)[0].cause for cause in COMMANDS} == {
            cause: cause for cause in COMMANDS
        }
        ends = {cause: read_bundle(store, cause, 1).pod for cause in COMMANDS}
        assert ends["oom-killed"].container_reason == "OOMKilled"
        assert ends["lost"].exit_code == 70
        assert ends["evicted"].reason == "EvictionByEvictionAPI"
        assert "Killing" in [event.reason for event in ends["pod-deleted"].events]
        assert all(end.node and end.events for end in ends.values())
