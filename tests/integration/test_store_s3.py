"""What only a bucket can do, and what a user is told when it cannot be used."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kvjob.errors import DiskFullError, StoreAwayError, StoreError
from kvjob.store import KeyMissing, Store, open_store, probe
from kvjob.store.s3 import S3Store
from kvjob.store.s3_client import S3Access
from tests.integration.chaos.proxy import Proxy, Trouble
from tests.integration.servers import S3Server, start


def every_operation_fails(store: Store, folder: Path, match: str) -> list[StoreError]:
    """Ask everything of a store that cannot answer, and give what the user is told."""
    (folder / "file").write_bytes(b"x")
    told = []
    for attempt in (
        lambda: store.read("key"),
        lambda: store.write("key", b"x"),
        lambda: store.upload("key", folder / "file"),
        lambda: store.fetch("key", folder / "cache"),
        lambda: store.list(),
        lambda: store.delete("key"),
        lambda: probe(store),
    ):
        with pytest.raises(StoreError, match=match) as caught:
            attempt()
        told.append(caught.value)
    assert not [path for path in (folder / "cache").rglob("*") if path.is_file()]
    return told


def test_a_wrong_secret_is_named_and_not_shown(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-wrong")
    for error in every_operation_fails(
        open_store(s3_url), tmp_path, "the secret key is not that of this access key"
    ):
        assert error.where.startswith(s3_url)
        assert error.where.endswith(s3_server.endpoint)
        assert "AWS_SECRET_ACCESS_KEY" in error.fix
        assert "a-secret-that-is-wrong" not in str(error)


def test_an_unknown_access_key_is_named(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NOBODY")
    every_operation_fails(open_store(s3_url), tmp_path, "the server does not know this access key")


def test_a_missing_bucket_is_named(s3_server: S3Server, tmp_path: Path) -> None:
    store = open_store("s3://there-is-no-such-bucket/prefix")
    every_operation_fails(store, tmp_path, "s3://there-is-no-such-bucket/prefix/.*: no such bucket. Create")


@pytest.mark.parametrize("running_server", ["moto"], indirect=True)
def test_a_server_that_has_stopped_is_told_within_seconds(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with start("moto", tmp_path / "server") as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        store = open_store(f"s3://{server.new_bucket()}")
        probe(store)
    began = time.monotonic()
    every_operation_fails(
        store, tmp_path, f"at {re.escape(server.endpoint)}: the server could not be reached"
    )
    assert time.monotonic() - began < 30  # for eight requests


def test_prefixes_do_not_see_each_other(s3_url: str) -> None:
    one, other, all_of_it = (open_store(f"{s3_url}{prefix}") for prefix in ("/study", "/study-2", ""))
    one.write("key", b"one")
    other.write("key", b"other")
    assert (one.read("key"), other.read("key")) == (b"one", b"other")
    assert [entry.key for entry in one.list()] == ["key"]
    assert [entry.key for entry in all_of_it.list()] == ["study-2/key", "study/key"]
    one.delete("key")
    assert other.read("key") == b"other"


def test_a_slash_at_the_end_of_the_url_changes_nothing(s3_url: str) -> None:
    open_store(f"{s3_url}/study/").write("key", b"x")
    assert open_store(f"{s3_url}/study").read("key") == b"x"


def test_more_than_a_thousand_objects_are_listed_and_deleted(s3_url: str) -> None:
    store = open_store(s3_url)
    keys = [f"runs/{number:05}/result.json" for number in range(1010)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.write(key, b""), keys))
    assert [entry.key for entry in store.list()] == keys
    assert [entry.key for entry in store.list("runs/0100")] == keys[1000:]
    store.delete_all(keys[:-1])
    assert [entry.key for entry in store.list()] == keys[-1:]


def test_a_large_file_travels_in_parts(s3_server: S3Server, s3_url: str, tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(bytes(20 << 20))
    open_store(s3_url).upload("weights", source)
    tag = s3_server.client().head_object(Bucket=s3_url.removeprefix("s3://"), Key="weights")["ETag"]
    assert tag.strip('"').endswith("-3")


@pytest.mark.parametrize("running_server", ["moto", "seaweedfs"], indirect=True)
def test_an_interrupted_upload_is_told_with_what_it_holds_and_given_up(
    s3_server: S3Server, s3_url: str
) -> None:
    # MinIO is left out: it tells of uploads only to who names the very object.
    client, bucket = s3_server.client(), s3_url.removeprefix("s3://")
    began = datetime.now(UTC) - timedelta(seconds=2)
    for key in ("study/pack", "study-2/pack"):
        number = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        of = {"Bucket": bucket, "Key": key, "UploadId": number}
        client.upload_part(**of, PartNumber=1, Body=bytes(5 << 20))
    store = open_store(f"{s3_url}/study")
    (found,) = store.unfinished()
    assert (found.key, found.size) == ("pack", 5 << 20)
    assert began <= found.modified <= datetime.now(UTC) + timedelta(seconds=2)
    assert list(store.list()) == []
    store.discard(found)
    store.discard(found)
    assert list(store.unfinished()) == []
    assert [left.key for left in open_store(f"{s3_url}/study-2").unfinished()] == ["pack"]


@pytest.mark.parametrize("running_server", ["moto"], indirect=True)
def test_a_server_that_forbids_deleting_is_told(s3_server: S3Server, s3_url: str) -> None:
    # SeaweedFS asks no policy about deleting many, and MinIO's only account is its root, whom none binds.
    bucket, store = s3_url.removeprefix("s3://"), open_store(s3_url)
    store.write("key", b"x")
    rule = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [rule]}
    s3_server.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    with pytest.raises(StoreError, match="access denied"):
        store.delete_all(["key"])
    assert store.read("key") == b"x"


def test_objects_that_others_put_under_impossible_keys_are_not_listed(
    s3_server: S3Server, s3_url: str
) -> None:
    s3_server.client().put_object(Bucket=s3_url.removeprefix("s3://"), Key="runs/", Body=b"")
    store = open_store(s3_url)
    store.write("runs/key", b"x")
    assert [entry.key for entry in store.list()] == ["runs/key"]


def test_a_fetched_file_is_not_downloaded_again(s3_url: str, tmp_path: Path) -> None:
    store = open_store(s3_url)
    store.write("data/pack.npy", b"12345")
    first = store.fetch("data/pack.npy", tmp_path)
    assert first == tmp_path / "data" / "pack.npy"
    before = first.stat()
    again = store.fetch("data/pack.npy", tmp_path)
    assert (again.stat().st_ino, again.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_full_disk_is_told_when_fetching_and_leaves_nothing(s3_url: str, small_disk: Path) -> None:
    store = open_store(s3_url)
    store.write("pack", bytes(2 << 20))
    said = r"the disk is full: 0\.3 MB are free and 2\.1 MB are to be written"
    with pytest.raises(DiskFullError, match=said) as caught:
        store.fetch("pack", small_disk)
    assert caught.value.where == str(small_disk / "pack")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("running_server", ["moto", "seaweedfs"], indirect=True)
def test_a_server_that_forbids_writing_is_told(s3_server: S3Server, s3_url: str) -> None:
    # MinIO is left out: the account it starts with is its root, whom no policy binds.
    bucket = s3_url.removeprefix("s3://")
    rule = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [rule]}
    s3_server.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    with pytest.raises(StoreError, match="access denied"):
        probe(open_store(s3_url))


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[Proxy]:
    proxy = Proxy(s3_server.endpoint)
    yield proxy
    proxy.close()


def test_answers_that_break_off_are_no_missing_bucket(s3_server, proxy, tmp_path):
    access = S3Access(proxy.endpoint, "us-east-1", s3_server.access_key, s3_server.secret_key)
    store = S3Store(s3_server.new_bucket(), access=access)
    store.write("there", bytes(5000))
    for read in (store.read, lambda key: store.fetch(key, tmp_path).read_bytes()):
        for times in range(1, 12):
            proxy.trouble(Trouble(blow="cut-answer", left=times))
            with suppress(StoreAwayError):
                assert len(read("there")) == 5000
            proxy.trouble(Trouble(blow="cut-answer", left=times))
            with pytest.raises((KeyMissing, StoreAwayError)):
                read("missing")
            proxy.calm()
        with pytest.raises(KeyMissing):
            read("missing")
    proxy.trouble(Trouble(blow="cut-answer", left=1))
    with pytest.raises(KeyMissing):
        store.read("missing")
