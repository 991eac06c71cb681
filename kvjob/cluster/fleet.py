"""One look at what a namespace waits for and at the GPUs it has, for metrics."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kvjob.cluster.connect import Cluster, Object
from kvjob.cluster.look import ENDED, combine
from kvjob.cluster.names import ARGO_GROUP, ARGO_VERSION, STUDY_LABEL, STUDY_TEMPLATE
from kvjob.cluster.preflight.placement import capacity
from kvjob.cluster.preflight.pod_request import amount, pod_request
from kvjob.cluster.workflow_nodes import unpacked
from kvjob.errors import ConfigurationError

REASONS = 10
"""Most reasons told of one study: what a cluster says in its own words must not make series without end."""
LONGEST_REASON = 60
"""Characters; what is longer is such a message, and is counted as OTHER."""
OTHER = "other"


@dataclass(frozen=True)
class NamespaceFleet:
    """A namespace at one moment."""

    waiting: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Number of runs that wait, by study and reason in a few words."""
    gpus: Mapping[str, float] = field(default_factory=dict)
    """Pieces of the devices that train pods ask for: `allocatable` on all nodes, `requested` by pods of the
    namespace that are not over, `bound` by those of them that have a node."""
    trouble: str = ""
    """What could not be seen; empty if all could."""


def fleet_looker(cluster: Cluster, namespace: str) -> Callable[[Sequence[str]], NamespaceFleet]:
    """A function that looks once, in four requests however many studies there are; it raises nothing."""
    troubles: list[str] = []

    def ask(doing: str, method: Callable[..., Any], *args: str, **kwargs: str) -> Object | None:
        try:
            return cluster.ask(doing, method, *args, **kwargs)
        except ConfigurationError as error:
            troubles.append(str(error))
            return None

    def look(studies: Sequence[str]) -> NamespaceFleet:
        troubles.clear()
        where, core, custom = f"in namespace {namespace}", cluster.core, cluster.custom
        pods = ask(f"list pods {where}", core.list_namespaced_pod, namespace, label_selector=STUDY_LABEL)
        listing, selector = custom.list_namespaced_custom_object, f"{ENDED}!=true"
        flows = ask(
            f"list workflows {where}",
            listing,
            ARGO_GROUP,
            ARGO_VERSION,
            namespace,
            "workflows",
            label_selector=selector,
        )
        getting: Callable[..., Any] = custom.get_namespaced_custom_object
        template = ask(
            f"read WorkflowTemplate {STUDY_TEMPLATE} {where}",
            getting,
            ARGO_GROUP,
            ARGO_VERSION,
            namespace,
            "workflowtemplates",
            STUDY_TEMPLATE,
        )
        nodes = ask("list nodes", core.list_node)
        waiting: dict[tuple[str, str], int] = {}
        gpus: dict[str, float] = {}
        if pods is not None and flows is not None:
            waiting = reasons(pods["items"], flows["items"], studies, namespace)
        if template is not None:
            try:
                gpus = count_gpus(template, _items(nodes), _items(pods))
            except ConfigurationError as error:
                troubles.append(str(error))
        return NamespaceFleet(waiting, gpus, " ".join(dict.fromkeys(troubles)))

    return look


def reasons(
    pods: Sequence[Object], workflows: Iterable[Object], studies: Sequence[str], namespace: str
) -> dict[tuple[str, str], int]:
    """Number of runs that wait, by study and reason; objects as the API server has them."""
    flows = [unpacked(each) for each in workflows]
    counts: dict[tuple[str, str], int] = {}
    for study in studies:
        mine = [pod for pod in pods if pod["metadata"]["labels"].get(STUDY_LABEL) == study]
        facts = combine(mine, flows, study, namespace).runs.values()
        told = Counter(_bounded(fact.why) for fact in facts if fact.phase == "waiting")
        for place, (reason, number) in enumerate(told.most_common()):
            key = study, reason if place < REASONS else OTHER
            counts[key] = counts.get(key, 0) + number
    return counts


def count_gpus(
    template: Object, nodes: Sequence[Object] | None, pods: Sequence[Object] | None
) -> dict[str, float]:
    """GPUs there and asked for; what could not be listed is None, and left out."""
    devices = pod_request(template).devices
    gpus: dict[str, float] = {}
    if nodes is not None:
        has = [capacity(node) for node in nodes]
        gpus["allocatable"] = float(sum(each.get(name, 0) for each in has for name in devices))
    if pods is not None:
        alive = [pod for pod in pods if pod.get("status", {}).get("phase") in ("Pending", "Running")]
        gpus["requested"] = sum(_asked(pod, devices) for pod in alive)
        gpus["bound"] = sum(_asked(pod, devices) for pod in alive if pod["spec"].get("nodeName"))
    return gpus


def _asked(pod: Object, devices: Iterable[str]) -> float:
    """Devices can only be asked for in limits, which requests then follow."""
    limits = [each.get("resources", {}).get("limits", {}) for each in pod["spec"].get("containers", [])]
    where = f"pod {pod['metadata']['name']}"
    return float(sum(amount(each.get(name, 0), where) for each in limits for name in devices))


def _items(answer: Object | None) -> list[Object] | None:
    return None if answer is None else list(answer["items"])


def _bounded(reason: str) -> str:
    return reason if 0 < len(reason) <= LONGEST_REASON else OTHER
