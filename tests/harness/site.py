"""The web application in this process, reached over HTTP as a browser reaches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.db import connections


class _Answering(threading.Thread):
    """Answers one request after the other over one connection to the database, until it is given None."""

    def __init__(self, server: _Server) -> None:
        super().__init__(name="site", daemon=True)  # a browser may hold a connection open and never ask
        self._server = server
        self.requests: SimpleQueue[tuple[Any, Any] | None] = SimpleQueue()

    def run(self) -> None:
        while (request := self.requests.get()) is not None:
            self._server.process_request_thread(*request)
            self._server.idle.put(self)
        connections.close_all()


class _Server(ThreadingMixIn, WSGIServer):
    """As many threads as there were requests at once; a database connection for each request would cost more."""

    request_queue_size = 128  # notices come twenty at once; the default of 5 makes the rest wait for TCP's own retry

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.idle: SimpleQueue[_Answering] = SimpleQueue()
        self._all: list[_Answering] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        try:
            thread = self.idle.get_nowait()
        except Empty:
            thread = _Answering(self)
            self._all.append(thread)
            thread.start()
        thread.requests.put((request, client_address))

    def server_close(self) -> None:
        """Stop listening and end the threads; one that still waits for its browser ends after it."""
        super().server_close()
        for thread in self._all:
            thread.requests.put(None)
        while not self.idle.empty():
            self.idle.get().join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    from xuliu.config.wsgi import application

    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
