"""How train pods ended gets into the store, whatever is away for a while."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from kvjob.cluster import evidence
from kvjob.cluster.evidence import EvidenceWatch
from kvjob.cluster.refusal import Unreachable
from kvjob.errors import StoreError
from kvjob.records import layout
from kvjob.records.attempt import Attempt, read_attempts
from kvjob.records.document import write_document
from kvjob.records.failure import read_bundle
from kvjob.store import open_store
from tests.unit.cluster.test_pod_end import READY, ended, event, pod

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Cluster:
    """An API server that has these pods; `changes` are told to who watches."""

    def __init__(self):
        self.pods, self.changes, self.away = [], [], False
        self.core = SimpleNamespace(
            list_namespaced_pod="pods", list_namespaced_event="events", list_node="nodes"
        )
        self.where = "cluster"

    def ask(self, doing, method, *_args, **_kwargs):
        if self.away:
            raise Unreachable("does not answer", where="cluster", fix="Check it")
        items = {"pods": self.pods, "events": [event("Killing")], "nodes": [READY]}[method]
        return {"items": items, "metadata": {"resourceVersion": "1"}}


@pytest.fixture
def cluster(monkeypatch):
    made = Cluster()

    class Watch:
        def stream(self, *_args, **_kwargs):
            changes, made.changes = made.changes, []
            return iter([{"type": kind, "raw_object": pod} for kind, pod in changes])

    monkeypatch.setattr(evidence.watch, "Watch", Watch)
    monkeypatch.setattr(evidence, "SETTLE_SECONDS", 0.0)
    return made


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path))
    write_document(store, layout.attempt("abc", 1), Attempt(number=1, started=NOW, last_seen=NOW, pod="p-1"))
    return store


def watcher(cluster, store):
    return EvidenceWatch(cluster, "ns", store, lambda _: None)


def test_a_pod_that_is_deleted_while_it_is_watched_tells_why_its_attempt_vanished(cluster, store):
    cluster.pods = [pod()]
    watching = watcher(cluster, store)
    watching.round()
    assert read_attempts(store, "abc")[0].cause == "running"
    cluster.changes, cluster.pods = [("DELETED", pod(deleted=True))], [pod()]
    watching.round()
    assert read_attempts(store, "abc")[0].cause == "pod-deleted"
    assert read_bundle(store, "abc", 1).pod.events[0].reason == "Killing"


def test_a_pod_that_vanished_between_two_watches_is_noticed_by_its_absence(cluster, store):
    cluster.pods = [pod()]
    watching = watcher(cluster, store)
    watching.round()
    cluster.pods = []
    watching.round()
    assert read_attempts(store, "abc")[0].cause == "pod-deleted"


def test_a_failed_pod_is_found_after_a_restart_and_is_written_once(cluster, store, tmp_path):
    cluster.pods = [pod("Failed", ended(137, "OOMKilled"))]
    watcher(cluster, store).round()
    assert read_attempts(store, "abc")[0].cause == "oom-killed"
    before = (tmp_path / "runs/abc/attempts/0001/pod.json").read_bytes()
    watcher(cluster, store).round()
    assert (tmp_path / "runs/abc/attempts/0001/pod.json").read_bytes() == before


def test_an_end_waits_for_a_store_that_is_away_and_a_cluster_that_does_not_answer(
    cluster, store, monkeypatch
):
    watching = watcher(cluster, store)
    cluster.pods = [pod("Failed", ended(137, "OOMKilled"))]

    def away(*_):
        raise StoreError("away", where="store", fix="Wait")

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "read_attempts", away)
        with pytest.raises(StoreError):
            watching.round()
    cluster.away = True
    with pytest.raises(Unreachable):
        watching.round()
    assert read_bundle(store, "abc", 1).pod is None
    # its pod is gone by now, but not what was seen of it
    cluster.away, cluster.pods = False, []
    watching.round()
    assert read_attempts(store, "abc")[0].cause == "oom-killed"


@pytest.mark.parametrize("cause", ["finished", "interrupted", "bug"])
def test_a_cause_that_the_trainer_told_itself_stays(cluster, store, cause):
    told = Attempt(number=1, started=NOW, last_seen=NOW, pod="p-1", cause=cause)
    write_document(store, layout.attempt("abc", 1), told)
    cluster.pods = [pod("Failed", ended(75), deleted=True)]
    watcher(cluster, store).round()
    assert read_attempts(store, "abc")[0].cause == cause
    assert (read_bundle(store, "abc", 1).pod is None) == (cause == "finished")


def test_a_pod_that_succeeded_or_never_began_an_attempt_leaves_nothing(cluster, store):
    other = pod("Failed", ended(1))
    other["metadata"] |= {"name": "p-2", "uid": "u-2"}
    cluster.pods = [pod("Succeeded", ended(0)), other]
    watcher(cluster, store).round()
    assert read_attempts(store, "abc")[0].cause == "running"
