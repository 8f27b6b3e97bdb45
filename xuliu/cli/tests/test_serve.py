"""Serving for real, in processes of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest


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


def test_as_it_starts_by_default_unfinished_bodies_stop_neither_pages_nor_notices(fresh_database: str) -> None:
    port = _free_port()
    server = subprocess.Popen([sys.executable, "-m", "xuliu", "serve", "--demo", "--port", str(port)], env=os.environ)
    try:
        site = f"http://127.0.0.1:{port}"
        assert _first_answer(f"{site}/healthz").status_code == 200
        with contextlib.ExitStack() as begun:
            for _ in range(20):
                there = begun.enter_context(socket.create_connection(("127.0.0.1", port)))
                there.sendall(b'POST /webhooks/wx/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"id":')
            assert httpx.get(f"{site}/healthz").status_code == 200
            assert httpx.get(f"{site}/accounts/login/").status_code == 200
            assert httpx.post(f"{site}/webhooks/nobody/", content=b"{}").status_code == 404
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0


def test_several_started_at_once_on_one_home_all_answer(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XULIU_HOME", str(tmp_path))  # from which nothing was served yet
    ports = [_free_port() for _ in range(3)]
    command = [sys.executable, "-m", "xuliu", "serve", "--demo", "--workers", "1", "--port"]
    servers = [subprocess.Popen([*command, str(port)], env=os.environ) for port in ports]
    try:
        for port in ports:
            assert _first_answer(f"http://127.0.0.1:{port}/").status_code == 200
    finally:
        for server in servers:
            server.send_signal(signal.SIGTERM)
        assert [server.wait(timeout=20) for server in servers] == [0, 0, 0]


def test_who_serves_later_leaves_the_files_of_who_serves_alone(tmp_path: Path) -> None:
    _collect(tmp_path)
    before = _written(tmp_path / "static")
    _collect(tmp_path)
    assert _written(tmp_path / "static") == before

    (tmp_path / "static" / "staticfiles.json").unlink()  # as after an end in the middle
    _collect(tmp_path)
    assert (tmp_path / "static" / "staticfiles.json").exists()


def _collect(home: Path) -> None:
    program = "import django; django.setup(); from xuliu.cli import static_files; static_files.collect()"
    environment = {**os.environ, "XULIU_HOME": str(home), "DJANGO_SETTINGS_MODULE": "xuliu.config.settings"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def _written(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


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
