"""A real browser in front of a real server: what tests of pages and the pictures of `make screenshots` share."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# The one without windows does a fifth less work for the same pages.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
START_SECONDS = 60
ADDRESS_HEADER = "X-Real-IP"  # by which a gallery says where a visitor comes from
ROOT = Path(__file__).resolve().parents[1]
# Tests may run as root. No renderer is started in reserve beside each that is used: half of them were never used.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--renderer-process-limit=1"]
# How many rules passed, and which did not on which element; the page keeps the rest of what axe knows to itself.
ASK_AXE = """options => axe.run(options).then(found => [
  found.passes.length,
  found.violations.flatMap(each => each.nodes.map(node => [each.id, node.html.slice(0, 140)]))])"""


@contextmanager
def served(database_url: str, **environment: str) -> Iterator[str]:
    """`xuliu serve` on a database; yields its address. Ended with everything it started; what it logs is shown only
    where it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    told = {"DATABASE_URL": database_url, "XULIU_DEMO": "1", "XULIU_BASE_URL": address}
    start = "from xuliu.cli.entry import main; raise SystemExit(main())"
    told_how = ["serve", "--demo", "--port", str(port), "--workers", "1", "--threads", "4"]
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", start, *told_how],
            env={**os.environ, **told, **environment},
            cwd=ROOT,
            stdout=said,
            stderr=said,
        )
        try:
            _await(f"{address}/healthz", server, said)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def with_axe(context: BrowserContext) -> BrowserContext:
    """Every page of this context comes with axe; the browser takes it in once and not once a page."""
    context.add_init_script(AXE_SCRIPT)
    return context


def violations(tab: Page, *, only: Sequence[str] = ()) -> list[tuple[str, str]]:
    """What axe finds wrong on a page: the rule and the element. All its rules are asked unless some are named."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    passed, found = tab.evaluate(ASK_AXE, options)
    assert passed >= (1 if only else 9), "axe saw no page"
    return [(rule, element) for rule, element in found]


def _await(url: str, server: subprocess.Popen[bytes], said: IO[str]) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # our own server
                return
        except (urllib.error.URLError, ConnectionError) as error:
            if server.poll() is not None or time.monotonic() > give_up_at:
                said.seek(0)
                raise RuntimeError(f"the server did not start: {said.read()[-2000:]}") from error
            time.sleep(0.05)
