"""What a pod tells of its run."""

from kvjob.cluster.connect import Object
from kvjob.cluster.fact import RunFact
from kvjob.cluster.names import MAIN
from kvjob.cluster.words import WAITS, ending, first_sentence, one_line, unschedulable


def pod_fact(pod: Object) -> RunFact:
    """The fact that a pod is, as the API server has it."""
    status = pod.get("status", {})
    node = pod.get("spec", {}).get("nodeName", "")
    match status.get("phase"):
        case "Succeeded":
            return RunFact("done", node=node)
        case "Failed":
            said = _failure(status)
            return RunFact("failed", ending(said), one_line(said), node)
        case "Running" if _main_runs(status):
            return RunFact("running", node=node)
    if "deletionTimestamp" in pod["metadata"]:
        return RunFact("waiting", "pod is being deleted", node=node)
    return _not_running(status, node)


def _not_running(status: Object, node: str) -> RunFact:
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            said = one_line(condition.get("message", ""))
            if condition.get("reason") == "SchedulingGated":
                return RunFact("waiting", "held by the queue", said)
            return RunFact("waiting", unschedulable(said), first_sentence(said))
    for container in _containers(status):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in WAITS:
            said = one_line(waiting.get("message", waiting["reason"]))
            return RunFact("waiting", WAITS[waiting["reason"]], said, node)
    return RunFact("starting", node=node)


def _main_runs(status: Object) -> bool:
    return any(each["name"] == MAIN and "running" in each.get("state", {}) for each in _containers(status))


def _containers(status: Object) -> list[Object]:
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _failure(status: Object) -> str:
    """What ended it, in Argo's form: of the container that trains if it failed, else of the pod."""
    for container in sorted(_containers(status), key=lambda each: each["name"] != MAIN):
        ended = container.get("state", {}).get("terminated", {})
        if ended.get("exitCode"):
            return f"{container['name']}: {ended.get('reason', 'Error')} (exit code {ended['exitCode']})"
    return f"{status.get('reason', '')} {status.get('message', '')}".strip()
