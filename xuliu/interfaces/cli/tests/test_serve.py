"""Serving for real, in processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import httpx


def test_it_answers_and_stops_when_told(fresh_database: str) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "xuliu", "serve", "--demo", "--workers", "1", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ)
    try:
        answer = _first_answer(f"http://127.0.0.1:{port}/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"database": "ok"}
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0


def _first_answer(url: str) -> httpx.Response:
    give_up_at = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url)
        except httpx.ConnectError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
