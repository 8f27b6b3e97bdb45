"""Sends so many prepared requests over so many kept-alive connections and says how long it took.

A process of its own with plain sockets, so that it takes little of the machine that it measures:
`python -m bench.load PORT CONNECTIONS FILE`, where FILE holds the requests, each behind its length in four bytes.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 300


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """One POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(port: int, requests: Sequence[bytes], *, connections: int, folder: Path) -> float:
    """Requests answered a second. Raises AssertionError for any answer but 200."""
    path = folder / "requests"
    path.write_bytes(b"".join(struct.pack("!I", len(one)) + one for one in requests))
    command = [sys.executable, "-m", "bench.load", str(port), str(connections), str(path)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=LONGEST_SECONDS)
    said: dict[str, Any] = json.loads(ran.stdout)
    assert said["statuses"] == {"200": len(requests)}, said["statuses"]
    return float(len(requests) / said["seconds"])


def main(port: int, connections: int, path: Path) -> None:
    """Send them all."""
    requests = _read(path.read_bytes())
    statuses: Counter[str] = Counter()
    threads = [
        threading.Thread(target=_converse, args=(port, requests[first::connections], statuses))
        for first in range(connections)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, "statuses": statuses}))


def _read(content: bytes) -> list[bytes]:
    requests, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("!I", content, at)
        requests.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return requests


def _converse(port: int, requests: Sequence[bytes], statuses: Counter[str]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as there:
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in requests:
            there.sendall(one)
            status = _status(there)
            statuses[status] += 1


def _status(there: socket.socket) -> str:
    """Read one whole answer; returns its status."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += there.recv(65_536) or _cut_off()
    head, _, body = heard.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = sum(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
    while len(body) < length:
        body += there.recv(65_536) or _cut_off()
    return lines[0].split(" ")[1]


def _cut_off() -> bytes:
    raise ConnectionError("the server hung up")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
