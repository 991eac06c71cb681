"""A Service of the cluster at a port of this machine, carried by the API server.

One thread per connection moves bytes between a local socket and a WebSocket to the API server. The Kubernetes
client's own `portforward` is not used: it holds whole answers in memory, at a cost that grows with the square
of their size, and its thread ends in a traceback when a connection is given up.
"""

import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from kubernetes import client
from kubernetes.stream import stream
from websocket import ABNF, WebSocket, WebSocketException

from kvjob.cluster.connect import Cluster, Object
from kvjob.cluster.refusal import FAILURES, ClusterError
from kvjob.errors import KvjobError, StoreError

DATA, ERROR = 0, 1
"""Channels of a forwarded port: the first byte of every message."""
CHUNK_BYTES = 1 << 16
STUCK_SECONDS = 60.0
"""Longest wait for the API server to take or to complete a message."""
WAITING_CONNECTIONS = 64

BROKEN = (OSError, WebSocketException)


@contextmanager
def forwarded(cluster: Cluster, namespace: str, service: str, port: int) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to a ready pod of a Service until the block ends.

    Any number of connections may be open at once. When the pod is replaced, open connections break and new
    ones go to the new pod.

    Args:
        cluster: whose API server carries the bytes.
        namespace: of the Service.
        service: its name.
        port: one of its ports.

    Raises:
        ClusterError: there is no such Service or port, or it may not be asked.
        StoreError: no pod behind the Service is ready.
    """
    target = _Target(cluster, namespace, service, port)
    target.choose()
    listener = socket.create_server(("127.0.0.1", 0), backlog=WAITING_CONNECTIONS)
    with listener:
        threading.Thread(target=_accept, args=(listener, target), name="forward", daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):  # wakes the thread that accepts
                listener.shutdown(socket.SHUT_RDWR)


class _Target:
    """The pod behind a Service, looked up again when it no longer takes connections."""

    def __init__(self, cluster: Cluster, namespace: str, service: str, port: int) -> None:
        self._cluster, self._namespace, self._service, self._port = cluster, namespace, service, port
        self._lock = threading.Lock()
        self._pod: tuple[str, int] | None = None

    def choose(self) -> tuple[str, int]:
        """Name and port of a ready pod."""
        with self._lock:
            if self._pod is None:
                self._pod = self._find()
            return self._pod

    def forget(self, pod: tuple[str, int]) -> None:
        """Choose anew from now on, unless that was done."""
        with self._lock:
            if self._pod == pod:
                self._pod = None

    def open(self, pod: tuple[str, int]) -> WebSocket:
        """A connection to the pod's port."""
        core = client.CoreV1Api(self._cluster.new_client())
        name, port = pod
        opened: WebSocket = stream(
            core.connect_get_namespaced_pod_portforward,
            name,
            self._namespace,
            ports=str(port),
            binary=True,
            _preload_content=False,
        ).sock
        opened.settimeout(STUCK_SECONDS)
        return opened

    def _find(self) -> tuple[str, int]:
        where = f"service {self._service} in namespace {self._namespace}"
        asked = f"read {where}"
        core = self._cluster.core
        service = self._cluster.ask(asked, core.read_namespaced_service, self._service, self._namespace)
        selector = service["spec"].get("selector")
        ports = [each for each in service["spec"].get("ports", []) if each["port"] == self._port]
        if not selector or not ports:
            raise ClusterError(
                f"has no port {self._port} that leads to pods" if selector else "does not select pods",
                where=where,
                fix="Correct AWS_ENDPOINT_URL in the ConfigMap kvjob-store, or use --store",
            )
        labels = ",".join(f"{name}={value}" for name, value in selector.items())
        pods = self._cluster.ask(
            f"list the pods behind {where}", core.list_namespaced_pod, self._namespace, label_selector=labels
        )
        for pod in pods["items"]:
            if is_ready(pod):
                return pod["metadata"]["name"], pod_port(pod, ports[0].get("targetPort", self._port), where)
        raise StoreError(
            f"none of the {len(pods['items'])} pods behind it is ready",
            where=where,
            fix=f"See `kubectl get pods -n {self._namespace} -l {labels}`",
        )


def is_ready(pod: Object) -> bool:
    """Whether a Service would send connections to the pod."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def pod_port(pod: Object, target: int | str, where: str) -> int:
    """The number of a Service's target port, which may be the name of a container's."""
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", []):
            if port.get("name") == target:
                return int(port["containerPort"])
    raise ClusterError(
        f"its pods have no port {target!r}", where=where, fix="Correct the Service's targetPort"
    )


def _accept(listener: socket.socket, target: _Target) -> None:
    with suppress(OSError):  # the listener was closed
        while True:
            local, _ = listener.accept()
            threading.Thread(target=_carry, args=(local, target), name="forwarded", daemon=True).start()


def _carry(local: socket.socket, target: _Target) -> None:
    """Move bytes until either side ends; a pod that cannot be reached is given up for another, once."""
    with local:
        for _ in range(2):
            with suppress(*FAILURES, *BROKEN, KvjobError):
                pod = target.choose()
                try:
                    remote = target.open(pod)
                except FAILURES:
                    target.forget(pod)
                    continue
                with closing(remote):
                    if not _pump(local, remote):
                        target.forget(pod)
            return


def _pump(local: socket.socket, remote: WebSocket) -> bool:
    """Whether the pod took the connection; returns when either side has ended."""
    local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened: set[int] = set()
    wire: Any = remote.sock
    with selectors.DefaultSelector() as selector:
        selector.register(local, selectors.EVENT_READ)
        selector.register(wire, selectors.EVENT_READ)
        while True:
            # what TLS has decrypted already does not make the socket readable
            ready = [wire] if _pending(wire) else [key.fileobj for key, _ in selector.select()]
            if local in ready:
                data = local.recv(CHUNK_BYTES)
                if not data:
                    return True
                remote.send_binary(bytes([DATA]) + data)
            if wire in ready:
                kind, data = remote.recv_data(control_frame=True)
                if kind == ABNF.OPCODE_CLOSE:
                    return True
                if kind != ABNF.OPCODE_BINARY or not data:
                    continue
                channel = data[0]
                if channel not in opened:  # each channel begins with the port's number
                    opened.add(channel)
                elif channel == ERROR:
                    return False
                else:
                    local.sendall(data[1:])


def _pending(connection: Any) -> bool:
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
