"""Everything that is looked at before a study starts, none of it changing the cluster."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from kvjob.cluster.connect import Cluster, Object
from kvjob.cluster.memory import memory_request
from kvjob.cluster.names import ARGO_GROUP, ARGO_VERSION, STUDY_TEMPLATE
from kvjob.cluster.preflight import argo, registry
from kvjob.cluster.preflight.finding import Finding, failure, of_error, ok, unknown
from kvjob.cluster.preflight.image import image
from kvjob.cluster.preflight.placement import placement
from kvjob.cluster.preflight.pod_request import PodRequest, pod_request
from kvjob.cluster.preflight.quota import limits, quotas
from kvjob.cluster.preflight.rights import account_rights, own_rights
from kvjob.cluster.refusal import Absent, ClusterError, NotAllowed
from kvjob.errors import ConfigurationError, KvjobError
from kvjob.store import Store, probe
from kvjob.study import TrainConfig


def check_cluster(
    cluster: Cluster,
    namespace: str,
    configs: Sequence[TrainConfig] = (),
    images: int = 0,
    *,
    by_hand: bool = False,
) -> list[Finding]:
    """Whether the pods of a namespace can train the runs of a study: all that is wrong, not the first only.

    Args:
        cluster: that the namespace is in.
        namespace: which has kvjob's chart.
        configs: of the runs; if there are none, a run asks for what the template says.
        images: number of images of their data set.
        by_hand: also look at what must be so before the first step of a workflow runs: Argo's controller, and
            the right to submit. Otherwise it is that step which asks, and an API server that does not answer
            is no reason to end it.

    Raises:
        ClusterError: by hand, if the API server does not answer, or does not accept the credentials.
    """
    findings: list[Finding] = []
    try:
        findings.extend(_look(cluster, namespace, configs, images, by_hand=by_hand))
    except ClusterError as error:  # what was found before it is kept
        if by_hand:
            raise
        findings.append(unknown(error))
    return findings


def _look(
    cluster: Cluster, namespace: str, configs: Sequence[TrainConfig], images: int, *, by_hand: bool
) -> Iterator[Finding]:
    yield from _noting(lambda: [argo.kinds(cluster)])
    if by_hand:
        yield from _noting(lambda: [argo.controller(cluster)])
        yield from _noting(lambda: own_rights(cluster, namespace))
    pod = yield from _pod(cluster, namespace)
    if pod is None:
        return
    if configs and pod.memory_by_run:
        gpus = int(sum(pod.devices.values()))
        pod = pod.with_memory(max(memory_request(config, images, gpus) for config in configs))
    yield from _look_at_pod(cluster, namespace, pod, by_hand=by_hand)


def check_store(opened: AbstractContextManager[Store]) -> list[Finding]:
    """Whether a store can be written and read, which is tried with one small object.

    Args:
        opened: the store, not entered yet: getting to it is part of what is looked at.
    """

    def look() -> Iterable[Finding]:
        with opened as store:
            probe(store)
            yield ok("can be written and read", f"store {store.url}")

    try:
        return list(look())
    except NotAllowed as error:
        return [unknown(error)]
    except KvjobError as error:
        return [of_error(error)]


def _pod(cluster: Cluster, namespace: str) -> Generator[Finding, None, PodRequest | None]:
    where = f"WorkflowTemplate {STUDY_TEMPLATE} in namespace {namespace}"
    get: Callable[..., Any] = cluster.custom.get_namespaced_custom_object
    try:
        template = cluster.ask(
            f"read {where}", get, ARGO_GROUP, ARGO_VERSION, namespace, "workflowtemplates", STUDY_TEMPLATE
        )
        pod = pod_request(template)
    except Absent:
        fix = f"Name kvjob's namespace, or `helm install kvjob charts/kvjob -n {namespace}`"
        yield failure("there is none", where, fix)
    except NotAllowed as error:
        yield unknown(error)
    except ClusterError:
        raise
    except ConfigurationError as error:
        yield of_error(error)
    else:
        yield ok(f"trains with {pod.image}", where)
        return pod
    return None


def _look_at_pod(cluster: Cluster, namespace: str, pod: PodRequest, *, by_hand: bool) -> Iterator[Finding]:
    core = cluster.core

    def items(doing: str, method: Callable[..., Any], *args: str) -> list[Object]:
        return list(cluster.ask(doing, method, *args)["items"])

    def nodes() -> Iterable[Finding]:
        found = items("list nodes", core.list_node)
        yield from placement(found, pod, grows=argo.grows(cluster))
        yield image(found, pod, registry.ask)

    def bounds() -> Iterable[Finding]:
        doing = f"in namespace {namespace}"
        ranges: list[Object] = []
        try:
            ranges = items(f"list limitranges {doing}", core.list_namespaced_limit_range, namespace)
        except NotAllowed as error:
            yield unknown(error)
        found = items(f"list resourcequotas {doing}", core.list_namespaced_resource_quota, namespace)
        yield from limits(ranges, pod)
        yield from quotas(found, ranges, pod, argo_may=not by_hand)

    yield from _noting(nodes)
    yield from _noting(bounds)
    yield from _noting(lambda: account_rights(cluster, namespace, pod.account))


def _noting(look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a look found; where it is not allowed, that it could not be checked."""
    try:
        return list(look())
    except NotAllowed as error:
        return [unknown(error)]
