"""Where a payment provider sends its notices in tests: keeps what came and answers as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread


@dataclass(frozen=True, slots=True)
class Posted:
    """One notice as it came. Header names are lower case."""

    headers: dict[str, str]
    body: bytes


class NoticeBoard(ThreadingHTTPServer):
    """An HTTP server on loopback. `answer` is what the next notices are answered with."""

    request_queue_size = 128  # the default of 5 makes notices sent at once wait for TCP's own retry

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer = (200, b"")
        self._posted: Queue[Posted] = Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/notices/"

    def keep(self, posted: Posted) -> None:
        self._posted.put(posted)

    def next(self, *, within_seconds: float = 10) -> Posted:
        """The next notice, waited for. Fails the test when none comes."""
        try:
            return self._posted.get(timeout=within_seconds)
        except Empty:
            raise AssertionError(f"no notice came within {within_seconds} s") from None

    def all(self) -> list[Posted]:
        """What came and was not taken yet."""
        return [self._posted.get_nowait() for _ in range(self._posted.qsize())]


class _Request(BaseHTTPRequestHandler):
    server: NoticeBoard

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, answer = self.server.answer
        self.server.keep(Posted({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def notice_board() -> Iterator[NoticeBoard]:
    """A board that is up as long as the block."""
    with NoticeBoard() as board:
        thread = Thread(target=board.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield board
        finally:
            board.shutdown()
            thread.join()
