"""A door before a server, which can be shut: an outage without ending the server."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Gate:
    """Passes bytes between a port of its own and a server; shut, connections are refused, or hang.

    Args:
        endpoint: `http://HOST:PORT` of the server.
    """

    def __init__(self, endpoint: str) -> None:
        url = urlsplit(endpoint)
        self._server = (url.hostname, url.port)
        self._open: set[socket.socket] = set()
        self._hangs = False
        self._listener: socket.socket | None = None
        self._port = 0
        self.open()

    @property
    def endpoint(self) -> str:
        """The address of the gate."""
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Let connections through."""
        self._hangs = False
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def hang(self) -> None:
        """Take connections from now on, and never answer."""
        self._hangs = True

    def shut(self) -> None:
        """Refuse connections, and break those there are."""
        for each in (self._listener, *self._open):
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._open.add(client)
            if self._hangs:
                continue
            server = socket.create_connection(self._server)
            self._open.add(server)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
