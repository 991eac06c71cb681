"""The store that the pods of a namespace use, opened from wherever one is."""

import socket
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from kvjob.cluster.connect import Cluster, connect
from kvjob.cluster.forward import forwarded
from kvjob.cluster.names import STORE
from kvjob.cluster.refusal import Absent, ClusterError, NotAllowed
from kvjob.store import CleanableStore, open_store
from kvjob.store.s3_client import S3Access

SECRET_ANNOTATION = "kvjob/secret"  # noqa: S105  (the name of an annotation)
"""Annotation of the ConfigMap that names another Secret."""

REACH_SECONDS = 3.0
PORTS = {"http": 80, "https": 443}


@contextmanager
def open_namespace_store(namespace: str, cluster: Cluster | None = None) -> Iterator[CleanableStore]:
    """The store that a namespace's ConfigMap and Secret name; it can be used until the block ends.

    A store that only the cluster's own names lead to is reached through the API server. Nothing of this
    machine's AWS variables and profile takes part, unless the namespace has no Secret: then the credentials
    are theirs.

    Args:
        namespace: which has kvjob's chart.
        cluster: that it is in; the one `connect` finds unless given.

    Raises:
        ClusterError: the cluster cannot be asked, or the namespace has no store that can be reached.
        ConfigurationError: the store's address is none.
    """
    cluster = cluster or connect()
    variables = _variables(cluster, namespace)
    url = variables.get("KVJOB_STORE", "")
    where = f"ConfigMap {STORE} in namespace {namespace}"
    if not url.lower().startswith("s3://"):
        raise ClusterError(
            f"KVJOB_STORE is {url!r}, which is no bucket",
            where=where,
            fix="Set it to s3://BUCKET or s3://BUCKET/PREFIX by the chart's values",
        )
    endpoint = urlsplit(variables.get("AWS_ENDPOINT_URL", ""))
    service = None if cluster.inside else service_of(endpoint, namespace)
    if service is None:
        yield open_store(url, _access(variables, endpoint.geturl() or None))
        return
    if endpoint.scheme != "http":
        raise ClusterError(
            f"{endpoint.geturl()} is a Service with TLS, and its certificate is not for a forwarded port",
            where=where,
            fix="Use --store and the AWS variables with an address that can be reached from here",
        )
    name, of = service
    with forwarded(cluster, of, name, endpoint.port or PORTS[endpoint.scheme]) as port:
        known_as = f"service {name} in namespace {of}"
        yield open_store(url, _access(variables, f"http://127.0.0.1:{port}", known_as))


def service_of(endpoint: SplitResult, namespace: str) -> tuple[str, str] | None:
    """Name and namespace of the Service that an address stands for inside the cluster; None if it is none.

    Args:
        endpoint: of the store.
        namespace: where the pods run, which a name without dots is taken from.
    """
    host = (endpoint.hostname or "").rstrip(".")
    if host in ("", "localhost") or ":" in host:
        return None
    labels = host.split(".")
    if len(labels) == 1:
        return labels[0], namespace
    if labels[2:3] == ["svc"] or (len(labels) == 2 and not _reachable(endpoint)):
        return labels[0], labels[1]
    return None


def _reachable(endpoint: SplitResult) -> bool:
    address = endpoint.hostname or "", endpoint.port or PORTS.get(endpoint.scheme, 80)
    with suppress(OSError), socket.create_connection(address, REACH_SECONDS):
        return True
    return False


def _variables(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The AWS variables and KVJOB_STORE as the namespace's pods have them."""
    core = cluster.core
    where = f"ConfigMap {STORE} in namespace {namespace}"
    try:
        settings = cluster.ask(f"read {where}", core.read_namespaced_config_map, STORE, namespace)
    except Absent:
        raise Absent(
            "there is none",
            where=where,
            fix=f"Name kvjob's namespace, or `helm install kvjob charts/kvjob -n {namespace}`",
        ) from None
    secret = settings["metadata"].get("annotations", {}).get(SECRET_ANNOTATION, STORE)
    try:
        found = cluster.ask(
            f"read Secret {secret} in namespace {namespace}", core.read_namespaced_secret, secret, namespace
        )
    except Absent:
        return dict(settings.get("data", {}))
    except NotAllowed as error:
        raise NotAllowed(
            error.what,
            where=error.where,
            fix="Ask for that right, or use --store with AWS variables that have credentials of your own",
        ) from None
    credentials = {name: b64decode(text).decode() for name, text in found.get("data", {}).items()}
    return {**settings.get("data", {}), **credentials}


def _access(variables: dict[str, str], endpoint: str | None, known_as: str = "") -> S3Access:
    return S3Access(
        endpoint,
        variables.get("AWS_DEFAULT_REGION") or variables.get("AWS_REGION") or "us-east-1",
        variables.get("AWS_ACCESS_KEY_ID"),
        variables.get("AWS_SECRET_ACCESS_KEY"),
        known_as,
    )
