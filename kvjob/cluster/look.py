"""One look at what a cluster does for a study: its pods and its workflow, in one list of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kvjob.cluster.connect import Cluster, Object
from kvjob.cluster.fact import RunFact
from kvjob.cluster.names import ARGO_GROUP, ARGO_VERSION, RUN_LABEL, STUDY_LABEL
from kvjob.cluster.pod_fact import pod_fact
from kvjob.cluster.refusal import ClusterError
from kvjob.cluster.workflow_nodes import (
    is_active,
    is_of,
    is_offloaded,
    nodes_of,
    run_facts,
    steps,
    unpacked,
    waiting_words,
)

ENDED = "workflows.argoproj.io/completed"
"""Label that Argo gives a workflow that is over, `true` or `false`."""


@dataclass(frozen=True)
class Look:
    """What a cluster does for a study at one moment."""

    runs: dict[str, RunFact] = field(default_factory=dict)
    """By run key; a run that the cluster knows nothing of is absent."""
    note: str = ""
    """What holds the study as a whole, or why the cluster could not be looked at."""
    active: bool = False
    """Whether a workflow of the study is at work, so that more may come."""


def looker(cluster: Cluster, namespace: str, study: str) -> Callable[[], Look]:
    """A function that looks at the study once; it raises nothing: what it could not see, its note tells."""

    def look() -> Look:
        notes, pods, workflows = [], list[Object](), list[Object]()
        try:
            pods = _pods(cluster, namespace, study)
        except ClusterError as error:
            notes.append(str(error))
        try:
            workflows = _workflows(cluster, namespace, study)
        except ClusterError as error:
            notes.append(str(error))
        seen = combine(pods, workflows, study, namespace)
        return Look(seen.runs, " ".join(dict.fromkeys(notes)) or seen.note, seen.active)

    return look


def combine(pods: Iterable[Object], workflows: Iterable[Object], study: str, namespace: str) -> Look:
    """A look from the objects as the API server has them.

    Args:
        pods: of the study.
        workflows: the ones at work if there are any, else those that are over.
        study: its name.
        namespace: of both, for notes.
    """
    runs: dict[str, RunFact] = {}
    notes = []
    mine = [each for each in map(unpacked, workflows) if is_of(each, study)]
    active = any(map(is_active, mine))
    if not active:
        mine = sorted(mine, key=_created)[-1:]
    for workflow in mine:
        for key, fact in run_facts(workflow).items():
            runs[key] = _closer(runs.get(key), fact)
        notes.append(_note(workflow))
    # a living pod is ahead of the workflow's record of it; of a dead one the workflow tells what follows
    runs |= {key: fact for key, fact in _pod_facts(pods).items() if fact.phase not in ("done", "failed")}
    if not mine:
        notes.append(f"no workflow of {study} in namespace {namespace}")
    return Look(runs, "; ".join(note for note in notes if note), active)


def _closer(known: RunFact | None, other: RunFact) -> RunFact:
    """Of two workflows' facts, that of the one which is nearer to training the run."""
    order = ("running", "starting", "done", "retrying", "waiting", "failed")
    return other if known is None or order.index(other.phase) < order.index(known.phase) else known


def _pod_facts(pods: Iterable[Object]) -> dict[str, RunFact]:
    """The fact of each run's newest pod."""
    facts = {}
    for pod in sorted(pods, key=_created):
        key = pod["metadata"].get("labels", {}).get(RUN_LABEL)
        if key:
            facts[key] = pod_fact(pod)
    return facts


def _created(thing: Object) -> str:
    return str(thing["metadata"]["creationTimestamp"])


def _note(workflow: Object) -> str:
    name, status = workflow["metadata"]["name"], workflow.get("status", {})
    if is_offloaded(workflow):
        return f"workflow {name} keeps its nodes in Argo's database: only pods are shown"
    if not is_active(workflow):
        said = status.get("message", "")
        return f"workflow {name} {status.get('phase', '').lower()}{f': {said}' if said else ''}"
    if not nodes_of(workflow):
        return f"workflow {name}: {status.get('message') or 'not started by Argo yet'}"
    for step in ("prepare", "report", "verdict"):
        for node in steps(workflow, step):
            if node["type"] == "Pod" and node["phase"] in ("Pending", "Running"):
                why, _ = waiting_words(node.get("message", ""))
                return f"workflow {name}: {step} {f'waits: {why}' if why else 'runs'}"
    return ""


def _pods(cluster: Cluster, namespace: str, study: str) -> list[Object]:
    answer = cluster.ask(
        f"list pods in namespace {namespace}",
        cluster.core.list_namespaced_pod,
        namespace,
        label_selector=f"{STUDY_LABEL}={study}",
    )
    return list(answer["items"])


def _workflows(cluster: Cluster, namespace: str, study: str) -> list[Object]:
    """Workflows at work, and those that are over only where none at work is of the study."""
    for selector in (f"{ENDED}!=true", f"{ENDED}=true"):
        answer = cluster.ask(
            f"list workflows in namespace {namespace}",
            cluster.custom.list_namespaced_custom_object,
            ARGO_GROUP,
            ARGO_VERSION,
            namespace,
            "workflows",
            label_selector=selector,
        )
        found = [each for each in map(unpacked, answer["items"]) if is_of(each, study)]
        if found:
            return found
    return []
