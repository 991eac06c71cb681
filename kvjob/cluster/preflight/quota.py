"""Whether a namespace's quotas and limits let one run in."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from kvjob.cluster.connect import Object
from kvjob.cluster.preflight.finding import Finding, failure, ok, warning
from kvjob.cluster.preflight.pod_request import Amounts, PodRequest, amount, in_words

_RAISE = "Have the namespace's administrator raise it, or ask for less by the chart's values"


def quotas(
    found: Sequence[Object], limit_ranges: Sequence[Object], pod: PodRequest, *, argo_may: bool = False
) -> list[Finding]:
    """What each ResourceQuota of a namespace says to one more train pod.

    Args:
        found: the quotas.
        limit_ranges: of the namespace; they fill in what containers do not ask for.
        pod: of the largest run.
        argo_may: whether it is known that Argo's own containers, which are in every pod, are let in.
    """
    findings = []
    for quota in found:
        if _applies(quota, pod):
            findings += list(_quota(quota, limit_ranges, pod, argo_may=argo_may))
    if any(finding.level != "ok" for finding in findings):
        return [finding for finding in findings if finding.level != "ok"]
    names = ", ".join(quota["metadata"]["name"] for quota in found)
    return [ok(f"room for a run in {names}" if found else "there is none", "ResourceQuota")]


def limits(found: Sequence[Object], pod: PodRequest) -> list[Finding]:
    """What each LimitRange of a namespace says to the container that trains."""
    findings = []
    for each in found:
        for item in each["spec"].get("limits", []):
            if item["type"] in ("Container", "Pod"):
                findings += list(_limit(item, f"LimitRange {each['metadata']['name']}", pod))
    return findings


def _quota(
    quota: Object, limit_ranges: Sequence[Object], pod: PodRequest, *, argo_may: bool
) -> Iterator[Finding]:
    where = f"ResourceQuota {quota['metadata']['name']}"
    status = quota.get("status", {})
    used = status.get("used", {})
    for name, text in (status.get("hard") or quota["spec"].get("hard", {})).items():
        hard, taken = amount(text, where), amount(used.get(name, "0"), where)
        kind, resource = _meaning(name)
        need = Decimal(1) if resource == "pods" else getattr(pod, kind).get(resource)
        if need is None:
            if resource in ("cpu", "memory") and not _has_default(limit_ranges, kind, resource):
                yield failure(
                    f"limits {name}, so a pod that states none is refused, and the train pod states none",
                    where,
                    f"Set {kind}.{resource} in the chart's train.resources, or a LimitRange with a default",
                )
        elif hard < need:
            told = f"allows {in_words(name, hard)}, and one run takes {in_words(resource, need)}"
            yield failure(told, where, _RAISE)
        elif hard - taken < need:
            yield warning(
                f"{in_words(name, taken)} of {hard.normalize():f} is in use, and one run takes "
                f"{in_words(resource, need)}",
                where,
                "Runs wait until other pods of the namespace are over",
            )
        if resource in ("cpu", "memory") and not argo_may and not _has_default(limit_ranges, kind, resource):
            yield warning(
                f"limits {name}, so a pod is refused unless Argo's own containers in it state theirs",
                where,
                "Set executor.resources in Argo's ConfigMap, or a LimitRange with a default in the namespace",
            )


def _meaning(name: str) -> tuple[str, str]:
    """Which of a pod's amounts a quota's entry counts, and of what."""
    if name in ("pods", "count/pods"):
        return "requests", "pods"
    if name.startswith("limits."):
        return "limits", name.removeprefix("limits.")
    return "requests", name.removeprefix("requests.")


def _has_default(limit_ranges: Sequence[Object], kind: str, resource: str) -> bool:
    fields = ("default",) if kind == "limits" else ("defaultRequest", "default")
    return any(
        resource in item.get(field, {})
        for each in limit_ranges
        for item in each["spec"].get("limits", [])
        if item["type"] == "Container"
        for field in fields
    )


def _applies(quota: Object, pod: PodRequest) -> bool:
    spec = quota["spec"]
    scopes = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes", [])]
    scopes += spec.get("scopeSelector", {}).get("matchExpressions", [])
    return all(_in_scope(scope, pod) for scope in scopes)


def _in_scope(scope: Object, pod: PodRequest) -> bool:
    match scope["scopeName"]:
        case "Terminating":
            return pod.ends
        case "NotTerminating":
            return not pod.ends
        case "BestEffort":
            return not pod.requests
        case "NotBestEffort":
            return bool(pod.requests)
        case "PriorityClass":
            match scope["operator"]:
                case "In":
                    return pod.priority in scope.get("values", [])
                case "NotIn":
                    return pod.priority not in scope.get("values", [])
                case "Exists":
                    return bool(pod.priority)
                case _:
                    return not pod.priority
    return False


def _limit(item: Object, where: str, pod: PodRequest) -> Iterator[Finding]:
    highest: Amounts = {name: amount(text, where) for name, text in item.get("max", {}).items()}
    for name, most in highest.items():
        asked = pod.limits.get(name, pod.requests.get(name, Decimal()))
        if asked > most:
            told = f"allows {in_words(name, most)} per {item['type'].lower()}, and a run asks for "
            yield failure(told + in_words(name, asked), where, _RAISE)
    for name, text in item.get("min", {}).items():
        least = amount(text, where)
        if name in pod.requests and pod.requests[name] < least:
            told = f"asks for {in_words(name, least)} per {item['type'].lower()} at least, and a run for "
            yield failure(
                told + in_words(name, pod.requests[name]),
                where,
                "Ask for more by the chart's train.resources",
            )
