"""Asking a registry, on one that runs here."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from kvjob.cluster.preflight.registry import ask, reference

TOKEN = "for-anybody"


class Registry:
    """Has the image team/there:1, open/there:1 without a token, and private/there:1 for nobody."""

    def __init__(self) -> None:
        registry = self
        self.scopes: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                team = self.path.split("/")[2]
                if team == "broken":
                    return self.answer(503)
                if team == "basic":
                    return self.answer(401, 'Basic realm="here"')
                if team != "open" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    realm = f'Bearer realm="http://{registry.address}/token",service="here"'
                    return self.answer(401, realm)
                if team == "private":
                    return self.answer(403)
                assert "oci.image.index" in self.headers["Accept"]
                return self.answer(200 if self.path.endswith("/there/manifests/1") else 404)

            def do_GET(self) -> None:
                registry.scopes += parse_qs(urlsplit(self.path).query)["scope"]
                body = f'{{"token": "{TOKEN}"}}'.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def answer(self, status: int, challenge: str = "") -> None:
                self.send_response(status)
                if challenge:
                    self.send_header("WWW-Authenticate", challenge)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_image_is_found_with_the_token_that_anybody_gets(registry: Registry) -> None:
    assert ask(f"{registry.address}/team/there:1").kind == "there"
    assert registry.scopes == ["repository:team/there:pull"]


def test_an_image_is_found_without_a_token_where_none_is_wanted(registry: Registry) -> None:
    assert ask(f"{registry.address}/open/there:1").kind == "there"
    assert registry.scopes == []


@pytest.mark.parametrize("name", ["team/there:2", "team/other:1"])
def test_an_image_that_is_not_there_is_missing(registry: Registry, name: str) -> None:
    assert ask(f"{registry.address}/{name}").kind == "missing"


@pytest.mark.parametrize(
    ("name", "said"),
    [("private/there:1", "wants credentials"), ("basic/there:1", "wants credentials"), ("broken/x:1", "503")],
)
def test_what_a_registry_does_not_tell_everybody_is_unknown(registry: Registry, name: str, said: str) -> None:
    answer = ask(f"{registry.address}/{name}")
    assert answer.kind == "unknown"
    assert said in answer.said


def test_a_registry_that_is_not_there_is_unknown() -> None:
    answer = ask("127.0.0.1:9/team/there:1")
    assert (answer.kind, answer.said) == ("unknown", "registry 127.0.0.1:9 cannot be reached from here")


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("kvjob/trainer:0.1", "docker.io/kvjob/trainer:0.1"),
        ("ghcr.io/team/kvjob/trainer:0.1", "ghcr.io/team/kvjob/trainer:0.1"),
        ("localhost/pause:1", "localhost/pause:1"),
        ("registry:5000/trainer", "registry:5000/trainer:latest"),
        ("quay.io/a/b:1@sha256:abc", "quay.io/a/b@sha256:abc"),
        ("quay.io/a/b@sha256:abc", "quay.io/a/b@sha256:abc"),
    ],
)
def test_what_is_left_out_of_an_images_name_is_filled_in(image: str, whole: str) -> None:
    assert str(reference(image)) == whole
