"""Whether the nodes that a run may go to can have its image."""

from collections.abc import Callable, Sequence

from kvjob.cluster.connect import Object
from kvjob.cluster.preflight.finding import Finding, failure, ok, warning
from kvjob.cluster.preflight.nodes import refusal_of
from kvjob.cluster.preflight.pod_request import PodRequest
from kvjob.cluster.preflight.registry import Answer, reference

_LOAD = "Correct the image in the chart's values, push it there, or load it onto the nodes"


def image(nodes: Sequence[Object], pod: PodRequest, ask: Callable[[str], Answer]) -> Finding:
    """What is known of the image that trains.

    Args:
        nodes: all of the cluster.
        pod: any train pod.
        ask: asks the image's registry.
    """
    where = f"image {pod.image}"
    open_to = [node for node in nodes if not refusal_of(node, pod)]
    holding = [node for node in open_to if _holds(node, pod.image)]
    on = f"on {len(holding)} of the {len(open_to)} nodes that take the pods"
    if pod.pull_policy != "Always" and holding and len(holding) == len(open_to):
        return ok(f"lies {on}", where)
    if pod.pull_policy == "Never":
        fix = "Load it onto every node, or set the chart's images.pullPolicy to IfNotPresent"
        return (warning if holding else failure)(f"is never pulled, and lies {on}", where, fix)
    answer = ask(pod.image)
    if answer.kind == "there":
        return ok("its registry has it", where)
    if answer.kind == "missing":
        return failure(f"its registry does not have it, and it lies {on}", where, _LOAD)
    told = f"could not be checked: {answer.said}; it lies {on}"
    return warning(told, where, f"If runs wait for it: {_LOAD[0].lower()}{_LOAD[1:]}")


def _holds(node: Object, name: str) -> bool:
    """Whether the node tells of it; a kubelet tells of its 50 largest images."""
    wanted = reference(name)
    names = [each for item in node["status"].get("images", []) for each in item.get("names") or []]
    return any(reference(each) == wanted for each in names)
