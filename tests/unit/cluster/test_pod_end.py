"""Why a pod ended, told from what the API server says of it."""

from datetime import UTC, datetime

import pytest

from kvjob.cluster.pod_end import pod_end

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READY = {
    "spec": {},
    "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
}
AWAY = {
    "spec": {"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]},
    "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]},
}


def pod(phase="Running", terminated=None, disruption=None, deleted=False, **status):
    state = {"terminated": terminated} if terminated else {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    conditions = [{"type": "Ready", "status": "False"}]
    if disruption:
        conditions += [
            {"type": "DisruptionTarget", "status": "True", "reason": disruption, "message": "gone"}
        ]
    containers = [
        {"name": "wait", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        {"name": "main", "state": state},
    ]
    stamp = {"deletionTimestamp": "2026-01-01T00:00:30Z"} if deleted else {}
    return {
        "metadata": {"name": "p-1", "uid": "u-1", "labels": {"kvjob/run": "abc"}, **stamp},
        "spec": {"nodeName": "n-1"},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": containers, **status},
    }


def ended(code, reason="Error"):
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:00Z"}
    return {"exitCode": code, "reason": reason, **times}


def event(reason, last="2026-01-01T00:01:00Z", **more):
    return {
        "type": "Warning",
        "reason": reason,
        "message": f"{reason}\nof p-1",
        "lastTimestamp": last,
        **more,
    }


def end(pod, *events, node=READY, gone=False, node_gone=False):
    return pod_end(pod, events, node, gone=gone, node_gone=node_gone, now=NOW)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("oom-killed", end(pod("Failed", ended(137, "OOMKilled")))),
        ("oom-killed", end(pod("Failed", ended(137)), event("OOMKilling"))),
        ("lost", end(pod("Failed", ended(137)))),
        ("lost", end(pod("Failed", ended(70)))),
        ("evicted", end(pod("Failed", reason="Evicted", message="The node was low on resource: memory."))),
        ("evicted", end(pod(disruption="EvictionByEvictionAPI", deleted=True), gone=True)),
        (
            "evicted",
            end(pod(disruption="PreemptionByScheduler", deleted=True), event("Preempted"), gone=True),
        ),
        ("evicted", end(pod(deleted=True), event("TaintManagerEviction"), gone=True)),
        ("node-lost", end(pod(deleted=True), event("TaintManagerEviction"), node=AWAY, gone=True)),
        ("node-lost", end(pod("Failed", disruption="DeletionByPodGC"), gone=True, node_gone=True, node=None)),
        ("node-lost", end(pod("Failed", ended(137), reason="Terminated", message="imminent node shutdown"))),
        ("node-lost", end(pod(), event("NodeNotReady"), node=AWAY)),
        ("node-lost", end(pod(), node=None, gone=True, node_gone=True)),
        ("pod-deleted", end(pod(deleted=True), event("Killing"), gone=True)),
        ("pod-deleted", end(pod("Failed", ended(137), deleted=True), event("Killing"))),
        ("pod-deleted", end(pod(), node=None, gone=True)),
    ],
)
def test_a_cause_is_told_from_the_pod_its_events_and_its_node(cause, told):
    assert told.cause == cause, told.message


def test_the_container_that_trained_speaks_and_events_come_oldest_first_and_bounded():
    events = [
        event("BackOff", f"2026-01-01T00:00:{second:02}Z", count=second + 1) for second in range(59, -1, -1)
    ]
    told = end(pod("Failed", ended(137, "OOMKilled")), *events, event("x" * 3000, message="y" * 3000))
    assert (told.exit_code, told.container_reason, told.node) == (137, "OOMKilled", "n-1")
    assert told.finished == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert len(told.events) == 50
    assert len(told.events[-1].message) == 1000
    assert [each.count for each in told.events[:2]] == [12, 13]


def test_events_of_the_newer_kind_have_their_times_and_counts_elsewhere():
    series = {"count": 4, "lastObservedTime": "2026-01-01T00:02:00.123456Z"}
    new = {"type": "Normal", "reason": "Killing", "message": "", "eventTime": "2026-01-01T00:01:00.5Z"}
    told = end(pod(), {**new, "series": series, "lastTimestamp": None, "count": None}, gone=True).events[0]
    assert told.count == 4
    assert told.last == datetime(2026, 1, 1, 0, 2, 0, 123456, tzinfo=UTC)
