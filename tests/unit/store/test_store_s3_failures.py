"""What a user is told when S3 cannot be asked, by servers that are not there or answer as these here do."""

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kvjob.errors import (
    ConfigurationError,
    CredentialsError,
    DiskFullError,
    KvjobError,
    StoreAwayError,
    StoreError,
)
from kvjob.store import KeyMissing, open_store, s3_client


@pytest.fixture(autouse=True)
def _no_aws_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")


@contextmanager
def answering(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """An address that gives the n-th connection the n-th answer, the last one ever again; None is silence."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            held = []
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                answer = answers[min(len(requests), len(answers) - 1)]
                requests.append(connection.recv(65536))
                if answer is None:
                    held.append(connection)
                else:
                    connection.sendall(answer)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", requests
        server.shutdown(socket.SHUT_RDWR)


def error(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>Words of the server.</Message></Error>".encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


def told(attempt: Callable[[], object]) -> KvjobError:
    with pytest.raises(KvjobError) as caught:
        attempt()
    assert "the-secret" not in str(caught.value)
    return caught.value


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize(
    ("status", "code", "kind", "what", "fix"),
    [
        ("400 Bad Request", "ExpiredToken", CredentialsError, "the session token has expired", "Renew"),
        ("400 Bad Request", "InvalidToken", CredentialsError, "token is not valid", "AWS_SESSION_TOKEN"),
        ("403 Forbidden", "InvalidAccessKeyId", CredentialsError, "access key", "AWS_ACCESS_KEY_ID"),
        ("403 Forbidden", "AccessDenied", CredentialsError, "access denied", "s3:PutObject"),
        ("403 Forbidden", "RequestTimeTooSkewed", StoreError, "clock differs", "Set the clock"),
        ("404 Not Found", "NoSuchBucket", StoreError, "no such bucket", "Create the bucket"),
        ("418 Teapot", "Oddity", StoreError, "the server answered Oddity", "Try again later"),
        ("429 Too Many", "Oddity", StoreAwayError, "the server answered Oddity", "Try again later"),
        ("500 Internal", "Oddity", StoreAwayError, "answered Oddity: Words of the server", "Try again later"),
        ("503 Slow Down", "SlowDown", StoreAwayError, "the server answered SlowDown", "Try again later"),
        ("507 Insufficient", "XMinioStorageFull", DiskFullError, "disk is full", "Free some space"),
    ],
)
def test_an_answer_that_refuses_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, status: str, code: str, kind: type[StoreError], what: str, fix: str
) -> None:
    with answering(error(status, code)) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        failure = told(lambda: open_store("s3://bucket/prefix").write("key", b"x"))
    assert type(failure) is kind
    assert what in failure.what
    assert fix in failure.fix
    assert failure.where == f"s3://bucket/prefix/key at {address}"


@pytest.mark.usefixtures("_account")
def test_a_server_that_is_not_there_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("http://127.0.0.1:1", "http://no-such-host.invalid:9000"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        failure = told(lambda: list(open_store("s3://bucket").list()))
        assert type(failure) is StoreAwayError
        assert "the server could not be reached" in failure.what
        assert "AWS_ENDPOINT_URL" in failure.fix
        assert address in failure.where


@pytest.mark.usefixtures("_account")
def test_a_server_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(s3_client, "READ_SECONDS", 0.2)
    with answering(None) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        store = open_store("s3://bucket")
        for attempt in (lambda: store.read("key"), lambda: store.fetch("key", tmp_path), store.list):
            requests.clear()
            assert "the server did not answer in time" in told(attempt).what
            assert len(requests) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_account")
def test_a_request_is_tried_again_while_the_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    fine = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nvalue"
    with answering(error("503 Slow Down", "SlowDown"), fine) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert open_store("s3://bucket").read("key") == b"value"
    assert len(requests) == 2


@pytest.mark.usefixtures("_account")
def test_an_answer_that_breaks_off_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\nConnection: close\r\n\r\nva"
    whole = half + b"lue"
    with answering(half, whole) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert open_store("s3://bucket").read("key") == b"value"
    with answering(whole, half, whole) as (address, _):  # the first one answers a HEAD
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert open_store("s3://bucket").fetch("key", tmp_path).read_bytes() == b"value"


@pytest.mark.usefixtures("_account")
def test_an_answer_that_always_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\nConnection: close\r\n\r\nva"
    with answering(half) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        store = open_store("s3://bucket")
        assert "the connection broke" in told(lambda: store.read("key")).what
        assert len(requests) == 3
        assert "the connection broke" in told(lambda: store.fetch("key", tmp_path)).what
    assert list(tmp_path.iterdir()) == []


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    failure = told(lambda: open_store("s3://bucket").write("key", b"x"))
    assert failure.what == "no credentials found"
    assert "AWS_ACCESS_KEY_ID" in failure.fix
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "access")
    assert told(lambda: open_store("s3://bucket").write("key", b"x")).what == "the credentials are incomplete"


def test_credentials_that_a_program_gives_are_renewed_before_they_expire(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "credentials.py"
    program.write_text(
        "import datetime, json, os\n"
        f"asked = {str(tmp_path / 'asked')!r}\n"
        "open(asked, 'a').write('x')\n"
        "soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)\n"
        "key = f'KEY{os.path.getsize(asked)}'\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': key, 'SecretAccessKey': 's', 'SessionToken': 't',"
        " 'Expiration': soon.isoformat()}))\n"
    )
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {program}\n")
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with answering(whole) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        store = open_store("s3://bucket")
        store.write("key", b"")
        store.write("key", b"")
    keys = [re.search(rb"Credential=(KEY\d+)", request) for request in requests]
    assert len({found[1] for found in keys if found}) == len(requests) == 2


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "minio:9000"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_PROFILE", "laboratory"),
    ],
)
def test_a_variable_that_cannot_be_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    failure = told(lambda: open_store("s3://bucket").read("key"))
    assert isinstance(failure, ConfigurationError)
    assert name in failure.fix


@pytest.mark.usefixtures("_account")
def test_a_password_in_the_endpoint_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:pass-word@127.0.0.1:1")
    failure = told(lambda: open_store("s3://bucket").read("key"))
    assert "pass-word" not in str(failure)
    assert failure.where.endswith("at http://127.0.0.1:1")


@pytest.mark.usefixtures("_account")
def test_profile_and_service_endpoints_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with answering(error("404 Not Found", "NoSuchKey")) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        with pytest.raises(KeyMissing):
            open_store("s3://bucket").read("key")
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
        (tmp_path / "config").write_text(f"[profile lab]\nendpoint_url = {address}\nregion = eu-north-1\n")
        monkeypatch.setenv("AWS_PROFILE", "lab")
        with pytest.raises(KeyMissing):
            open_store("s3://bucket").read("key")
    assert [request.split()[1] for request in requests] == [b"/bucket/key"] * 2
    assert b"/us-east-1/s3/" in requests[0]
    assert b"/eu-north-1/s3/" in requests[1]


@pytest.mark.usefixtures("_account")
def test_amazons_own_endpoint_is_asked_as_amazon_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    client = s3_client.make_client()
    assert client.meta.endpoint_url == "https://s3.amazonaws.com"
    assert client.meta.config.request_checksum_calculation == "when_supported"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.storage.svc:9000")
    client = s3_client.make_client()
    assert client.meta.config.request_checksum_calculation == "when_required"
    assert client.meta.config.response_checksum_validation == "when_required"
    assert client.meta.config.s3["addressing_style"] == "path"
