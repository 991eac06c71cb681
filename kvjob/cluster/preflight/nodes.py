"""Which nodes a pod may go to."""

from kvjob.cluster.connect import Object
from kvjob.cluster.preflight.pod_request import PodRequest

CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
"""Taint of a cordoned node."""


def refusal_of(node: Object, pod: PodRequest) -> str:
    """Why a node is none for the pod, however empty it is; empty if it may go there."""
    ready = [each["status"] for each in node["status"].get("conditions", []) if each["type"] == "Ready"]
    if ready != ["True"]:
        return "is not ready"
    labels = node["metadata"].get("labels", {})
    for name, value in pod.selector.items():
        if labels.get(name) != value:
            return f"lacks the label {name}={value}"
    if pod.terms and not any(_meets(node, term) for term in pod.terms):
        return "does not meet the node affinity"
    taints = node["spec"].get("taints", [])
    if node["spec"].get("unschedulable"):
        taints = [CORDONED, *taints]
    for taint in taints:
        if taint["effect"] in ("NoSchedule", "NoExecute") and not any(
            _tolerates(each, taint) for each in pod.tolerations
        ):
            value = f"={taint['value']}" if taint.get("value") else ""
            return f"has the taint {taint['key']}{value}:{taint['effect']}"
    return ""


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    key = toleration.get("key", "")
    if toleration.get("operator", "Equal") == "Exists":
        return key in ("", taint["key"])
    return bool(key == taint["key"] and toleration.get("value", "") == taint.get("value", ""))


def _meets(node: Object, term: Object) -> bool:
    labels = node["metadata"].get("labels", {})
    fields = {"metadata.name": node["metadata"]["name"]}
    return all(_holds(labels, each) for each in term.get("matchExpressions", [])) and all(
        _holds(fields, each) for each in term.get("matchFields", [])
    )


def _holds(labels: dict[str, str], expression: Object) -> bool:
    found, values = labels.get(expression["key"]), expression.get("values", [])
    match expression["operator"]:
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt":
            return found is not None and found.isdecimal() and int(found) > int(values[0])
        case "Lt":
            return found is not None and found.isdecimal() and int(found) < int(values[0])
    return False
