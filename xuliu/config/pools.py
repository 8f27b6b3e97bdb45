"""Threads that answer complete requests, each with its own database connection."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from django.db import connections

Work = Callable[[], None]
MOST_WAITING = 200  # at some 50 per second and pool, whoever waits behind these has left

log = logging.getLogger(__name__)


class Pool:
    """A number of threads and one queue. Started after forking."""

    def __init__(self, name: str, *, threads: int, most_waiting: int = MOST_WAITING) -> None:
        self._name, self._count, self._most_waiting = name, threads, most_waiting
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        for number in range(self._count):
            # A daemon, so that a process told to stop ends in time, whatever a thread is doing.
            thread = threading.Thread(target=self._run, name=f"{self._name}-{number + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def take(self, work: Work) -> bool:
        """Queue the work for a free thread; False if too much is queued already."""
        if self._queue.qsize() >= self._most_waiting:
            return False
        self._queue.put(work)
        return True

    def stop(self) -> None:
        """Finish the queue, then end the threads and their connections."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self) -> None:
        try:
            while (work := self._queue.get()) is not None:
                try:
                    work()
                except Exception:
                    log.exception("a request could not be answered")
        finally:
            connections.close_all()
