"""Whether the accounts that take part may do what they must."""

from collections.abc import Iterator

from kubernetes import client

from kvjob.cluster.connect import Cluster
from kvjob.cluster.names import ARGO_GROUP
from kvjob.cluster.preflight.finding import Finding, failure, ok
from kvjob.cluster.refusal import Absent

_UPGRADE = "Install or upgrade kvjob's chart in this namespace"


def account_rights(cluster: Cluster, namespace: str, account: str) -> list[Finding]:
    """Whether the account that runs are trained with exists, and may report its results to Argo."""
    where = f"ServiceAccount {account} in namespace {namespace}"
    try:
        cluster.ask(f"read {where}", cluster.core.read_namespaced_service_account, account, namespace)
    except Absent:
        return [failure("there is none", where, _UPGRADE)]
    denied = [verb for verb in ("create", "patch") if not _may(cluster, namespace, account, verb)]
    if denied:
        told = (
            f"may not {' and '.join(denied)} workflowtaskresults.{ARGO_GROUP}, "
            "by which Argo learns of a pod's end"
        )
        return [failure(told, where, _UPGRADE)]
    return [ok("exists, and may report results to Argo", where)]


def own_rights(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    """Whether whoever asks may submit a study."""
    where = f"you, in namespace {namespace}"
    asked = {"namespace": namespace, "group": ARGO_GROUP, "resource": "workflows", "verb": "create"}
    answer = cluster.ask(
        "ask for one's own rights",
        client.AuthorizationV1Api(cluster.shared).create_self_subject_access_review,
        _review("SelfSubjectAccessReview", {"resourceAttributes": asked}),
    )
    if answer.get("status", {}).get("allowed"):
        yield ok("may submit workflows", where)
    else:
        fix = f"Ask the cluster's administrator for the right to create workflows.{ARGO_GROUP} there"
        yield failure(f"may not create workflows.{ARGO_GROUP}", where, fix)


def _may(cluster: Cluster, namespace: str, account: str, verb: str) -> bool:
    spec: dict[str, object] = {
        "user": f"system:serviceaccount:{namespace}:{account}",
        "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
        "resourceAttributes": {
            "namespace": namespace,
            "group": ARGO_GROUP,
            "resource": "workflowtaskresults",
            "verb": verb,
        },
    }
    answer = cluster.ask(
        f"ask for the rights of service account {account} in namespace {namespace}",
        client.AuthorizationV1Api(cluster.shared).create_namespaced_local_subject_access_review,
        namespace,
        _review("LocalSubjectAccessReview", spec, namespace),
    )
    return bool(answer.get("status", {}).get("allowed"))


def _review(kind: str, spec: dict[str, object], namespace: str = "") -> dict[str, object]:
    metadata = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
