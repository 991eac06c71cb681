"""A real HTTP server on the loopback that serves one file and can misbehave like real ones do."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served, how, and what was asked."""

    content: bytes
    cuts: list[int] = field(default_factory=list)
    """After how many bytes to cut each of the next answers."""
    ranges: bool = True
    """Whether parts of the file can be asked for."""
    if_range: bool = True
    """Whether a changed file is noticed by the server itself."""
    tags: bool = True
    """Whether answers carry an ETag."""
    status: int = 200
    """Anything else is answered to every request."""
    asked: list[str] = field(default_factory=list)
    """The Range header of each request, empty if it had none."""
    sent: int = 0
    """Bytes of the file that were sent in all."""
    url: str = ""

    @property
    def tag(self) -> str:
        """Of the present content."""
        return f'"{hashlib.md5(self.content).hexdigest()}"'


@contextmanager
def serving(content: bytes, **how) -> Iterator[FileServer]:
    """A server that serves content while the `with` lasts."""
    state = FileServer(content, **how)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, state)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/kvasir-instrument.zip"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(request: BaseHTTPRequestHandler, state: FileServer) -> None:
    asked = request.headers.get("Range", "")
    state.asked.append(asked)
    if state.status != 200:
        request.send_error(state.status)
        return
    total, start = len(state.content), 0
    current = request.headers.get("If-Range", state.tag) == state.tag or not state.if_range
    if asked and state.ranges and current:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= total:
            request.send_error(416)
            return
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
    request.send_header("Content-Length", str(total - start))
    if state.tags:
        request.send_header("ETag", state.tag)
    request.end_headers()
    body = state.content[start:]
    cut = state.cuts.pop(0) if state.cuts else len(body)
    state.sent += len(body[:cut])
    request.wfile.write(body[:cut])
    request.close_connection = True
