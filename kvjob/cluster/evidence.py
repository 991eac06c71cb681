"""Watches train pods, and writes how they ended beside the records of their attempts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread

from kubernetes import watch

from kvjob.cluster.connect import ANSWER_SECONDS, CONNECT_SECONDS, Cluster, Object
from kvjob.cluster.names import RUN_LABEL
from kvjob.cluster.pod_end import pod_end
from kvjob.cluster.refusal import FAILURES, ClusterError, refusal
from kvjob.errors import KvjobError
from kvjob.records import layout
from kvjob.records.attempt import POD, read_attempts
from kvjob.records.document import write_document
from kvjob.store import Store

WATCH_SECONDS = 15
"""From one list of the pods to the next; between them each change is told as it happens."""

SETTLE_SECONDS = 3.0
"""From a pod's end to its being looked into: its events and the state of its node come after it."""

PAUSE_SECONDS = 10.0
"""Before the next try when the cluster does not answer."""

MOST = 5000
"""Ends that wait for a store that is away, the newest."""


@dataclass(frozen=True)
class _Ended:
    pod: Object
    gone: bool
    noticed: datetime
    due: float


class EvidenceWatch:
    """Keeps for every train pod of a namespace that failed or vanished what the cluster knows of its end.

    A pod that vanishes while nothing watches (no exporter, or one that is starting) leaves nothing.

    Args:
        cluster: is read.
        namespace: of the pods.
        store: receives `attempts/<n>/pod.json`.
        say: told, in a line, of what goes wrong and that it is over.
    """

    def __init__(self, cluster: Cluster, namespace: str, store: Store, say: Callable[[str], None]) -> None:
        self._cluster, self._namespace, self._store, self._say = cluster, namespace, store, say
        self._alive: dict[str, Object] = {}
        self._over: set[str] = set()
        self._ended: dict[str, _Ended] = {}
        self._trouble = ""

    def start(self) -> None:
        """Watch in a thread of its own until the process ends; nothing that happens to it ends it."""
        Thread(target=self._work, name="evidence", daemon=True).start()

    def round(self) -> None:
        """List, watch for WATCH_SECONDS, and write what is due.

        Raises:
            KvjobError: the cluster or the store cannot be used; what is due stays so.
        """
        try:
            version = self._list()
            self._watch(version)
        finally:
            self._write_due()

    def _work(self) -> None:
        while True:
            try:
                self.round()
            except Exception as error:  # metrics must go on whatever an API server sends
                self._tell(str(error) if isinstance(error, KvjobError) else f"evidence: {error!r}")
                time.sleep(PAUSE_SECONDS)
            else:
                self._tell("")

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._say(trouble or "evidence: is gathered again")
        self._trouble = trouble

    def _list(self) -> str:
        """Compare with what was known; returns the version from which on to watch."""
        answer = self._cluster.ask(
            f"list pods in namespace {self._namespace}",
            self._cluster.core.list_namespaced_pod,
            self._namespace,
            label_selector=RUN_LABEL,
        )
        there = {pod["metadata"]["uid"]: pod for pod in answer["items"]}
        for uid in self._alive.keys() - there.keys():
            self._take("DELETED", self._alive[uid])
        self._over &= there.keys()
        for pod in there.values():
            self._take("MODIFIED", pod)
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> None:
        stream = watch.Watch().stream(  # type: ignore[no-untyped-call]
            self._cluster.core.list_namespaced_pod,
            self._namespace,
            label_selector=RUN_LABEL,
            resource_version=version,
            timeout_seconds=WATCH_SECONDS,
            _request_timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        )
        try:
            for change in stream:
                self._take(change["type"], change["raw_object"])
        except FAILURES as error:
            if getattr(error, "status", None) == 410:
                return  # the version is too old by now; the next list tells what was missed
            raise refusal(error, f"watch pods in namespace {self._namespace}", self._cluster.where) from error

    def _take(self, change: str, pod: Object) -> None:
        uid, phase = pod["metadata"]["uid"], pod.get("status", {}).get("phase")
        gone = change == "DELETED"
        if uid in self._over:
            return
        if phase not in ("Failed", "Succeeded") and not gone:
            self._alive[uid] = pod
            return
        self._alive.pop(uid, None)
        self._over.add(uid)
        if phase != "Succeeded":
            self._ended[uid] = _Ended(pod, gone, datetime.now(UTC), time.monotonic() + SETTLE_SECONDS)
            for old in list(self._ended)[:-MOST]:
                del self._ended[old]

    def _write_due(self) -> None:
        for uid, ended in list(self._ended.items()):
            if ended.due <= time.monotonic():
                self._write(ended)
                del self._ended[uid]

    def _write(self, ended: _Ended) -> None:
        name = ended.pod["metadata"]["name"]
        key = ended.pod["metadata"]["labels"][RUN_LABEL]
        attempts = [each for each in read_attempts(self._store, key) if each.pod == name]
        # without one, it ended before its trainer began; and a result needs no explanation
        if not attempts or attempts[-1].cause in ("finished", "diverged"):
            return
        place = layout.bundle(key, attempts[-1].number, POD)
        if list(self._store.list(place)):
            return
        node, node_gone = self._node(ended.pod.get("spec", {}).get("nodeName", ""))
        end = pod_end(
            ended.pod,
            self._events(ended.pod["metadata"]["uid"]),
            node,
            gone=ended.gone,
            node_gone=node_gone,
            now=ended.noticed,
        )
        write_document(self._store, place, end)

    def _events(self, uid: str) -> list[Object]:
        answer = self._cluster.ask(
            f"list events in namespace {self._namespace}",
            self._cluster.core.list_namespaced_event,
            self._namespace,
            field_selector=f"involvedObject.uid={uid}",
        )
        return list(answer["items"])

    def _node(self, name: str) -> tuple[Object | None, bool]:
        """The node, and whether it is known to be gone; nodes may be nobody's business here."""
        if not name:
            return None, False
        try:
            answer = self._cluster.ask(
                "list nodes", self._cluster.core.list_node, field_selector=f"metadata.name={name}"
            )
        except ClusterError:
            return None, False
        found = list(answer["items"])
        return (found[0], False) if found else (None, True)
