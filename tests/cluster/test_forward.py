"""The store of a namespace from outside the cluster, carried by the API server."""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.errors import StoreError
from tests.cluster.argo import kubectl
from tests.cluster.own_namespace import Own, own_namespace

MIB = 2**20


@pytest.fixture(scope="module")
def own(cluster, tmp_path_factory) -> Iterator[Own]:
    with own_namespace("forward-test", tmp_path_factory.mktemp("forward")) as made:
        yield made


def test_files_come_back_as_they_went_and_fast_enough(own: Own, tmp_path: Path):
    data = secrets.token_bytes(48 * MIB)
    file = tmp_path / "file"
    file.write_bytes(data)
    with open_namespace_store(own.namespace) as store:
        began = time.monotonic()
        store.upload("in-parts", file)
        up = time.monotonic()
        assert store.fetch("in-parts", tmp_path / "copy").read_bytes() == data
        down = time.monotonic()
        assert store.read("in-parts") == data
        whole = time.monotonic()
    rates = [48 / seconds for seconds in (up - began, down - up, whole - down)]
    print("MiB/s up in parts, down in parts, down in one: " + ", ".join(f"{rate:.0f}" for rate in rates))
    assert min(rates) > 5


def test_many_small_objects_go_at_once(own: Own):
    with open_namespace_store(own.namespace) as store, ThreadPoolExecutor(24) as threads:
        objects = {f"small/{number}": secrets.token_bytes(2000) for number in range(120)}
        list(threads.map(lambda key: store.write(key, objects[key]), objects))
        assert dict(zip(objects, threads.map(store.read, objects), strict=True)) == objects
        assert len(list(store.list("small/"))) == 120


def test_a_pod_that_is_replaced_is_followed(own: Own):
    with open_namespace_store(own.namespace) as store:
        assert list(store.list("none/")) == []
        kubectl("delete", "pod", "-l", "app=minio", "-n", own.namespace, "--wait")
        kubectl("rollout", "status", "deployment/minio", "-n", own.namespace, "--timeout=60s")
        # its volume went with it: that the bucket is missed shows that another pod answers
        with pytest.raises(StoreError, match="no such bucket"):
            store.read("in-parts")
