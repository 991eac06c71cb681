"""The way to a cluster, and what is said where there is none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kvjob.cluster.connect import Cluster, connect
from kvjob.cluster.forward import is_ready, pod_port
from kvjob.cluster.namespace_store import open_namespace_store, service_of
from kvjob.cluster.preflight import check_cluster
from kvjob.cluster.refusal import Absent, ClusterError, NotAllowed, Unreachable
from kvjob.errors import ExitCode


class Api:
    """An API server that gives prepared answers."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str | None]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                api.asked.append((path, self.headers.get("Authorization")))
                status, body = api.answers.get(path, (404, b'{"message": "not found."}'))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, status: int, **body: object) -> None:
        self.answers[path] = status, json.dumps(body).encode()


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def kubeconfig(folder: Path, server: str) -> Path:
    file = folder / "kubeconfig"
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
        "clusters": [{"name": "lab", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "secret-token"}}],
    }
    file.write_text(json.dumps(whole))
    return file


@pytest.fixture
def cluster(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, api.url)))
    return connect()


PODS = "/api/v1/namespaces/lab/pods"


def list_pods(cluster: Cluster) -> object:
    return cluster.ask("list pods in namespace lab", cluster.core.list_namespaced_pod, "lab")


def test_an_answer_comes_as_it_was_written(api: Api, cluster: Cluster) -> None:
    api.answer(PODS, 200, items=[{"metadata": {"name": "a"}, "odd": None}])
    assert list_pods(cluster) == {"items": [{"metadata": {"name": "a"}, "odd": None}]}
    assert api.asked == [(PODS, "Bearer secret-token")]


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, ClusterError, "the credentials are not valid, or have expired. Log in"),
        (403, NotAllowed, "not allowed to list pods in namespace lab (pods is forbidden)"),
        (404, Absent, "cannot list pods in namespace lab: pods is forbidden"),
        (500, ClusterError, "the API server answered 500: pods is forbidden"),
    ],
)
def test_every_refusal_says_what_where_and_what_to_do(
    api: Api, cluster: Cluster, status: int, kind: type[ClusterError], told: str
) -> None:
    api.answer(PODS, status, message="pods is\nforbidden.")
    with pytest.raises(kind) as refused:
        list_pods(cluster)
    assert told in str(refused.value)
    assert str(refused.value).startswith(f"cluster {api.url}: ")
    assert refused.value.exit_code is ExitCode.CONFIGURATION


def test_what_is_no_api_server_is_told(api: Api, cluster: Cluster) -> None:
    api.answers[PODS] = 200, b"<html>"
    with pytest.raises(ClusterError, match="the answer is not JSON"):
        list_pods(cluster)


def test_a_port_where_nobody_listens_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, "http://127.0.0.1:9")))
    with pytest.raises(
        Unreachable, match=r"does not answer \(connection refused\). Check that the cluster is up"
    ):
        list_pods(connect())


def test_a_preflight_ends_there_by_hand_and_warns_within_a_workflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, "http://127.0.0.1:9")))
    with pytest.raises(Unreachable):
        check_cluster(connect(), "lab", by_hand=True)
    [found] = check_cluster(connect(), "lab")
    assert (found.level, found.what) == (
        "warning",
        "could not be checked: does not answer (connection refused)",
    )


def test_a_name_that_resolves_to_nothing_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, "http://no-such-host.invalid")))
    with pytest.raises(Unreachable, match="its name cannot be resolved"):
        list_pods(connect())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such file"),
        (": [", "cannot be read"),
        ("words", "cannot be read"),
        ("", "is empty"),
        ("[1, 2]", "cannot be read"),
        ("{}", "Invalid kube-config"),
    ],
)
def test_a_kubeconfig_that_is_none_is_told(
    content: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(file))
    with pytest.raises(ClusterError) as refused:
        connect()
    assert f"kubeconfig {file}: " in str(refused.value)
    assert told in str(refused.value)


def test_a_context_that_the_kubeconfig_lacks_is_told(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, api.url)))
    assert connect("lab").where == f"cluster {api.url} (context lab)"
    with pytest.raises(ClusterError, match="nowhere"):
        connect("nowhere")


def test_in_a_pod_without_a_token_the_pod_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ClusterError, match="this pod: no service account"):
        connect()


@pytest.mark.parametrize(
    ("endpoint", "service"),
    [
        ("http://kvjob-minio:9000", ("kvjob-minio", "lab")),
        ("http://kvjob-minio.store.svc:9000", ("kvjob-minio", "store")),
        ("http://kvjob-minio.store.svc.cluster.local:9000", ("kvjob-minio", "store")),
        ("http://kvjob-minio.invalid:9000", ("kvjob-minio", "invalid")),
        ("http://127.0.0.1:9000", None),
        ("http://localhost:9000", None),
        ("https://s3.eu-central-1.amazonaws.com", None),
        ("https://minio.example.com", None),
        ("http://[::1]:9000", None),
        ("", None),
    ],
)
def test_which_addresses_are_services_of_the_cluster(endpoint: str, service: tuple[str, str] | None) -> None:
    assert service_of(urlsplit(endpoint), "lab") == service


def settings(api: Api, **data: str) -> None:
    api.answer("/api/v1/namespaces/lab/configmaps/kvjob-store", 200, metadata={}, data=data)


def test_a_namespace_without_the_chart_is_told(cluster: Cluster) -> None:
    with (
        pytest.raises(Absent, match="ConfigMap kvjob-store in namespace lab: there is none. Name kvjob's"),
        open_namespace_store("lab", cluster),
    ):
        pass


def test_a_store_that_is_no_bucket_is_told(api: Api, cluster: Cluster) -> None:
    settings(api, KVJOB_STORE="/data")
    with (
        pytest.raises(ClusterError, match="'/data', which is no bucket"),
        open_namespace_store("lab", cluster),
    ):
        pass


def test_a_service_with_tls_is_told(api: Api, cluster: Cluster) -> None:
    settings(api, KVJOB_STORE="s3://bucket", AWS_ENDPOINT_URL="https://minio.lab.svc:9000")
    with pytest.raises(ClusterError, match="a Service with TLS"), open_namespace_store("lab", cluster):
        pass


def test_a_secret_that_may_not_be_read_says_what_else_one_can_do(api: Api, cluster: Cluster) -> None:
    settings(api, KVJOB_STORE="s3://bucket", AWS_ENDPOINT_URL="http://minio.lab.svc:9000")
    api.answer("/api/v1/namespaces/lab/secrets/kvjob-store", 403, message="no")
    with (
        pytest.raises(NotAllowed, match="use --store with AWS variables"),
        open_namespace_store("lab", cluster),
    ):
        pass


def test_a_service_that_selects_no_pods_is_told(api: Api, cluster: Cluster) -> None:
    settings(api, KVJOB_STORE="s3://bucket", AWS_ENDPOINT_URL="http://minio.lab.svc:9000")
    api.answer("/api/v1/namespaces/lab/services/minio", 200, metadata={}, spec={"ports": [{"port": 9000}]})
    with (
        pytest.raises(ClusterError, match="service minio in namespace lab: does not select pods"),
        open_namespace_store("lab", cluster),
    ):
        pass


def test_a_pod_that_is_going_takes_no_connections() -> None:
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "metadata": {}}
    assert is_ready(ready)
    assert not is_ready({**ready, "metadata": {"deletionTimestamp": "now"}})
    assert not is_ready({"status": {}, "metadata": {}})


def test_a_port_by_name_is_the_containers() -> None:
    pod = {"spec": {"containers": [{"name": "x"}, {"ports": [{"name": "s3", "containerPort": 9000}]}]}}
    assert pod_port(pod, "s3", "service x") == 9000
    assert pod_port(pod, 80, "service x") == 80
    with pytest.raises(ClusterError, match="have no port 'http'"):
        pod_port(pod, "http", "service x")
