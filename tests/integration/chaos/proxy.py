"""A door before an S3 server that refuses, cuts, delays and answers in its stead."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

CHUNK = 1 << 16

Blow = Literal["cut-answer", "cut-upload", "delay", "answer"]


@dataclass
class Trouble:
    """What the next requests meet."""

    blow: Blow
    left: int
    """Requests still to be hit."""
    seconds: float = 0.0
    """How long a delayed answer waits."""
    status: str = ""
    """Status line and S3 code of an answer in the server's stead: `503 SlowDown`."""
    least_body: int = 0
    """Bytes that a request must carry to be hit."""


@dataclass
class _Request:
    head: bytes
    size: int

    @classmethod
    def of(cls, head: bytes) -> "_Request":
        return cls(head, _content_length(head))

    @property
    def waits_to_be_told(self) -> bool:
        return b"100-continue" in self.head.lower()


class Proxy:
    """Passes requests between a port of its own and a server, in a thread, until told otherwise.

    Args:
        endpoint: `http://HOST:PORT` of the server.
    """

    def __init__(self, endpoint: str) -> None:
        url = urlsplit(endpoint)
        self._host, self._server_port = url.hostname, url.port
        self._trouble: Trouble | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.open()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Let connections through."""
        self._do(self._listen())

    def shut(self) -> None:
        """Refuse connections, and break those there are."""
        self._do(self._refuse())

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def trouble(self, trouble: Trouble) -> None:
        """Have the next requests meet this."""
        self._trouble = trouble

    @property
    def left(self) -> int:
        """Requests that are still to meet their trouble."""
        return self._trouble.left if self._trouble else 0

    def calm(self) -> None:
        self._trouble = None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=1 << 20)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for writer in tuple(self._connections):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            there, back = await asyncio.open_connection(self._host, self._server_port, limit=1 << 20)
        except OSError:
            writer.transport.abort()
            return
        self._connections.add(back)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = _Request.of(await reader.readuntil(b"\r\n\r\n"))
                trouble = self._struck_by(request)
                if not await self._pass(request, trouble, (reader, writer), (there, back)):
                    break
        for each in (writer, back):
            self._connections.discard(each)
            each.transport.abort()

    def _struck_by(self, request: _Request) -> Trouble | None:
        trouble = self._trouble
        if trouble is None or trouble.left <= 0 or request.size < trouble.least_body:
            return None
        trouble.left -= 1
        return trouble

    async def _pass(
        self,
        request: _Request,
        trouble: Trouble | None,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> bool:
        """One request and its answer; whether the connection may be used again."""
        (reader, writer), (there, back) = client, server
        if request.waits_to_be_told:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _without_expect(request.head)
        size = request.size
        if trouble and trouble.blow == "answer":
            await reader.readexactly(size)
            writer.write(_error(trouble.status, request.head.startswith(b"HEAD")))
            await writer.drain()
            return True
        back.write(body)
        if trouble and trouble.blow == "cut-upload":
            back.write(await reader.readexactly(size // 2))
            await back.drain()
            return False
        if not await _copy(size, reader, back):
            return False
        return await self._answer(request, trouble, there, writer)

    async def _answer(
        self,
        request: _Request,
        trouble: Trouble | None,
        there: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        head = await there.readuntil(b"\r\n\r\n")
        if trouble and trouble.blow == "delay":
            await asyncio.sleep(trouble.seconds)
        bodiless = request.head.startswith(b"HEAD") or head.split(None, 2)[1] in (b"204", b"304")
        chunked = b"transfer-encoding: chunked" in head.lower() and not bodiless
        if trouble and trouble.blow == "cut-answer":
            size = 0 if bodiless else _content_length(head)
            part = await there.read(64) if chunked else await there.readexactly(size // 2)
            # where there is no body to be cut in the middle, the head is
            writer.write(head + part if part else head[: len(head) // 2])
            await writer.drain()
            return False
        writer.write(head)
        if chunked:
            await _pass_chunks(there, writer)
        else:
            size = 0 if bodiless else _content_length(head)
            if not await _copy(size, there, writer):
                return False
        await writer.drain()
        return b"connection: close" not in head.lower()


async def _copy(size: int, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> bool:
    """Pass on so many bytes; whether there were so many."""
    while size:
        part = await source.read(min(size, CHUNK))
        if not part:
            return False
        target.write(part)
        await target.drain()
        size -= len(part)
    return True


async def _pass_chunks(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await there.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        writer.write(line + await there.readexactly(size + 2))
        await writer.drain()
        if not size:
            return


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _without_expect(head: bytes) -> bytes:
    """The client was told already, and the server must not tell it a second time."""
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:"))


def _error(status: str, bodiless: bool) -> bytes:
    number, code = status.split()
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>made up by a test</Message></Error>"
    body = b"" if bodiless else text.encode()
    reason = {"503": "Slow Down", "500": "Internal Server Error"}[number]
    lines = (
        f"HTTP/1.1 {number} {reason}",
        "Content-Type: application/xml",
        f"Content-Length: {len(body)}",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body
