"""Whether some node has the GPUs, memory and cores of a run, were nothing else on it."""

from collections.abc import Sequence
from decimal import Decimal

from kvjob.cluster.connect import Object
from kvjob.cluster.preflight.finding import Finding, failure, ok, warning
from kvjob.cluster.preflight.nodes import refusal_of
from kvjob.cluster.preflight.pod_request import Amounts, PodRequest, amount, in_words

SHOWN = 3
"""Nodes that are named in one message."""

_MATCH = "Set nodeSelector, tolerations or affinity in the chart's `pods` or `train` so that a node matches"

Nodes = Sequence[Object]


def placement(nodes: Nodes, pod: PodRequest, *, grows: bool) -> list[Finding]:
    """What keeps a run from every node.

    Args:
        nodes: all of the cluster.
        pod: of the largest run.
        grows: whether an autoscaler may add nodes that are not there yet.
    """
    found = [_device(nodes, pod, name, grows=grows) for name in pod.devices]
    if all(each.level == "ok" for each in found):
        found.append(_fit(nodes, pod, grows=grows))
    return found


def _device(nodes: Nodes, pod: PodRequest, name: str, *, grows: bool) -> Finding:
    where = f"resource {name}"
    having = [node for node in nodes if capacity(node).get(name)]
    if not having:
        others = sorted({each for node in nodes for each in capacity(node) if "/" in each})
        choose = (
            f"set gpu.resource to one of {', '.join(others)}" if others else "train on CPUs with gpu.count=0"
        )
        fix = f"Install the device plugin of these GPUs, or {choose} in the chart's values"
        return _bad(f"none of the {_nodes(len(nodes))} has any", where, fix, grows=grows)
    open_to = [node for node in having if not refusal_of(node, pod)]
    if not open_to:
        told = "; ".join(f"{node['metadata']['name']} {refusal_of(node, pod)}" for node in having[:SHOWN])
        return _bad(f"no node that has it takes the pods: {told}", where, _MATCH, grows=grows)
    total = sum((capacity(node)[name] for node in open_to), Decimal())
    return ok(f"{total:f} on {_nodes(len(open_to))} open to the pods", where)


def _fit(nodes: Nodes, pod: PodRequest, *, grows: bool) -> Finding:
    asked = ", ".join(in_words(name, number) for name, number in sorted(pod.requests.items()))
    where = "largest run"
    open_to = [node for node in nodes if not refusal_of(node, pod)]
    if not open_to:
        told = "; ".join(f"{node['metadata']['name']} {refusal_of(node, pod)}" for node in nodes[:SHOWN])
        return _bad(f"none of the {_nodes(len(nodes))} takes the pods: {told}", where, _MATCH, grows=grows)
    lacks = {node["metadata"]["name"]: lacking(node, pod.requests) for node in open_to}
    fitting = [name for name, missing in lacks.items() if not missing]
    if fitting:
        return ok(f"{asked}: fits on {len(fitting)} of {_nodes(len(nodes))}", where)
    nearest = min(open_to, key=lambda node: len(lacks[node["metadata"]["name"]]))
    name = nearest["metadata"]["name"]
    has = ", ".join(in_words(each, capacity(nearest).get(each, Decimal())) for each in lacks[name])
    return _bad(
        f"asks for {asked}, and no node has that even if empty: the nearest, {name}, has {has}",
        where,
        "Ask for less (input_size, batch_size, the chart's train.resources), or add larger nodes",
        grows=grows,
    )


def capacity(node: Object) -> Amounts:
    """What a node has for pods."""
    name = node["metadata"]["name"]
    return {
        each: amount(value, f"node {name}") for each, value in node["status"].get("allocatable", {}).items()
    }


def lacking(node: Object, requests: Amounts) -> list[str]:
    """Resources of which a node has less than is asked for, were it empty."""
    has = capacity(node)
    return [name for name, number in sorted(requests.items()) if has.get(name, Decimal()) < number]


def _bad(what: str, where: str, fix: str, *, grows: bool) -> Finding:
    if grows:
        return warning(what, where, f"If no autoscaler adds such a node: {fix[0].lower()}{fix[1:]}")
    return failure(what, where, fix)


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"
