"""Why a pod ended, from what the API server has of it, its events and its node."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kvjob.cluster.connect import Object
from kvjob.cluster.names import KILLED, MAIN
from kvjob.cluster.words import one_line
from kvjob.records.attempt import PodEnd, PodEvent
from kvjob.records.cause import Cause

EVENTS, LONGEST = 50, 1000
"""Events that are kept, the newest, and characters of each message."""

_EVICTED = ("Evicted", "Preempting", "Preempted", "EvictionByEvictionAPI", "PreemptionByScheduler")
_NODE_LOST = ("NodeLost", "NodeShutdown", "Shutdown", "Terminated", "DeletionByPodGC")
_BY_TAINT = ("DeletionByTaintManager", "TaintManagerEviction")
_NODE_EVENTS = ("NodeNotReady",)
"""Reasons of pods, of their disruption and of their events."""

_DOWN = (
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/out-of-service",
)
"""Taints of a node that is not there."""


def pod_end(
    pod: Object, events: Sequence[Object], node: Object | None, *, gone: bool, node_gone: bool, now: datetime
) -> PodEnd:
    """The end of a pod that failed or vanished.

    Args:
        pod: as last seen.
        events: of it.
        node: its node; None if it is gone, or may not be asked.
        gone: whether the pod is no more.
        node_gone: whether its node is known to be no more.
        now: when the end was noticed.
    """
    status, ended = pod.get("status", {}), _ended(pod)
    told = sorted(map(_event, events), key=lambda each: each.last or datetime.min.replace(tzinfo=UTC))
    condition = "gone" if node_gone else _node_condition(node)
    reasons = [_reason(status), *(each.reason for each in told)]
    deleted = gone or "deletionTimestamp" in pod["metadata"]
    cause, why = _cause(reasons, ended, condition, deleted)
    detail = status.get("message") or _disruption(status).get("message") or ""
    return PodEnd(
        pod=pod["metadata"]["name"],
        node=pod.get("spec", {}).get("nodeName", ""),
        cause=cause,
        message=f"{why}: {one_line(detail)[:LONGEST]}" if detail else why,
        seen=now,
        phase=status.get("phase", ""),
        reason=_reason(status),
        exit_code=ended.get("exitCode"),
        signal=ended.get("signal"),
        container_reason=ended.get("reason", ""),
        started=_time(ended.get("startedAt")),
        finished=_time(ended.get("finishedAt")),
        node_condition=condition,
        events=tuple(told[-EVENTS:]),
    )


def _cause(reasons: Sequence[str], ended: Object, node: str, deleted: bool) -> tuple[Cause, str]:
    code = ended.get("exitCode")
    if ended.get("reason") == "OOMKilled" or (code == KILLED and "OOMKilling" in reasons):
        return "oom-killed", "the kernel killed its container for its memory"
    # the taint manager also takes pods from nodes that somebody tainted
    if node and any(reason in (*_BY_TAINT, *_NODE_EVENTS, *_NODE_LOST) for reason in reasons):
        return "node-lost", f"its node is {node}"
    if any(reason in _NODE_LOST for reason in reasons[:1]):
        return "node-lost", "its node was shut down or lost"
    if any(reason in (*_EVICTED, *_BY_TAINT) for reason in reasons):
        return "evicted", "its pod was evicted"
    if node and (deleted or code is None):
        return "node-lost", f"its node is {node}"
    if deleted:
        return "pod-deleted", "its pod was deleted"
    if code is not None:
        return "lost", f"its container ended with exit code {code}"
    return "lost", "its pod failed"


def _ended(pod: Object) -> dict[str, Any]:
    for container in pod.get("status", {}).get("containerStatuses", []):
        if container["name"] == MAIN:
            state = container.get("state", {}).get("terminated")
            return dict(state or container.get("lastState", {}).get("terminated") or {})
    return {}


def _disruption(status: Object) -> Object:
    """The condition by which Kubernetes says who took a pod away, before it does."""
    for condition in status.get("conditions", []):
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return dict(condition)
    return {}


def _reason(status: Object) -> str:
    return str(status.get("reason") or _disruption(status).get("reason") or "")


def _node_condition(node: Object | None) -> str:
    """`not ready` or `unreachable` with the reason; empty if it is well or not known."""
    if node is None:
        return ""
    taints = {taint["key"] for taint in node.get("spec", {}).get("taints", [])}
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and (condition["status"] != "True" or taints & set(_DOWN)):
            return f"not ready ({condition.get('reason', 'no reason given')})"
    return ""


def _event(event: Object) -> PodEvent:
    series = event.get("series") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or first
    return PodEvent(
        type=event.get("type") or "",
        reason=event.get("reason") or "",
        message=one_line(event.get("message") or "")[:LONGEST],
        count=series.get("count") or event.get("count") or 1,
        first=_time(first),
        last=_time(last),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
