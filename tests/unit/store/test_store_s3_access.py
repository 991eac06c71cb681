"""A server and credentials that are given take the place of everything this machine's AWS variables say."""

import os
from pathlib import Path

import pytest

from kvjob.errors import StoreError
from kvjob.store import open_store
from kvjob.store.s3_client import S3Access, make_client
from tests.unit.store.test_store_s3_failures import answering, error

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


@pytest.fixture(autouse=True)
def _misleading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables of another server, of an account with a session, of a missing profile and of a dead proxy."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "machines-own",
        "AWS_SECRET_ACCESS_KEY": "machines-secret",
        "AWS_SESSION_TOKEN": "machines-token",
        "AWS_PROFILE": "there-is-none",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "no_proxy": "",
    }.items():
        monkeypatch.setenv(name, value)


def test_only_the_given_server_and_credentials_are_used() -> None:
    with answering(OK) as (url, requests):
        access = S3Access(url, "us-west-2", "given", "given-secret", known_as="service minio")
        assert open_store("s3://bucket/a", access).read("key") == b"hi"
    [request] = requests
    assert request.startswith(b"GET /bucket/a/key ")
    assert b"Credential=given/" in request
    assert b"/us-west-2/s3/" in request
    assert b"machines" not in request


def test_errors_call_the_server_what_it_is_known_as_and_never_tell_the_secret() -> None:
    with answering(error("403 Forbidden", "SignatureDoesNotMatch")) as (url, _):
        access = S3Access(
            url, "us-east-1", "given", "given-secret", known_as="service minio in namespace lab"
        )
        with pytest.raises(StoreError) as refused:
            open_store("s3://bucket", access).read("key")
    assert "s3://bucket/key at service minio in namespace lab: the secret key is not that" in str(
        refused.value
    )
    assert "given-secret" not in repr(access)


def test_no_endpoint_is_aws_itself() -> None:
    client = make_client(S3Access(None, "eu-west-1", "given", "given-secret"))
    assert client.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


def test_without_credentials_those_of_this_machine_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with answering(OK) as (url, requests):
        open_store("s3://bucket", S3Access(url, "us-east-1", known_as="here")).read("key")
    assert b"Credential=machines-own/" in requests[0]
