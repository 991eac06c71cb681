"""The port that Prometheus asks."""

import gzip
import socket
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SLOWEST_SECONDS = 30
"""Longest silence of a client within a request."""
WORTH_PACKING = 4096
"""Bytes from which on an answer is compressed, for a client that can read it."""

_DUAL = socket.has_dualstack_ipv6()


def serve(port: int, page: Callable[[], bytes], ready: Callable[[], bool] = lambda: True) -> None:
    """Answer GET `/metrics`, and `/-/ready` with 200 or 503, from daemon threads, on every address.

    Args:
        port: 1 to 65535.
        page: makes the exposition; called by any thread.
        ready: whether there is something worth asking for.

    Raises:
        ConfigurationError: the port is taken, or needs privileges.
    """

    def answer(request: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        match request["PATH_INFO"]:
            case "/metrics":
                return _metrics(page(), request, start)
            case "/-/ready" if ready():
                status, words = "200 OK", b"ready\n"
            case "/-/ready":
                status, words = "503 Service Unavailable", b"the store was not read yet\n"
            case _:
                status, words = "404 Not Found", b"metrics are at /metrics\n"
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(words)))])
        return [words]

    try:
        server = _Server(("::" if _DUAL else "", port), _Handler)
    except OSError as error:
        raise ConfigurationError(
            f"no metrics can be served there ({(error.strerror or str(error)).lower()})",
            where=f"port {port}",
            fix="Choose another port",
        ) from None
    server.set_app(answer)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def _metrics(body: bytes, request: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    headers = [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)]
    if len(body) >= WORTH_PACKING and "gzip" in request.get("HTTP_ACCEPT_ENCODING", ""):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    start("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]


class _Handler(WSGIRequestHandler):
    timeout = SLOWEST_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """A scrape every few seconds is no news."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    address_family = socket.AF_INET6 if _DUAL else socket.AF_INET

    def server_bind(self) -> None:
        if _DUAL:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # not HTTPServer's, which asks the DNS for this machine's name
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "kvjob", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news either; what page raises, wsgiref tells and answers with 500."""
