"""Runs a demonstration, from the running database to the last line printed."""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path

from django.core.management import call_command
from django.utils.translation import gettext as _
from django.utils.translation import override

from xuliu.cli import speech, waiting
from xuliu.cli.demo_fleet import DemoFleet, seed_demo
from xuliu.cli.demonstration import books, story, welcome
from xuliu.cli.demonstration.children import Child, Children, ready_line
from xuliu.cli.tables import applied, count_missing, refuse_another_releases
from xuliu.sandbox.testing import Sandbox

REST_WITHIN_SECONDS = 60.0
LOOK_AFTER_SECONDS = 0.5


class Stage:
    """One running demonstration."""

    def __init__(self, children: Children, sandbox: Child, *, home: Path, host: str, port: int, begun: float) -> None:
        self._children = children
        self._sandbox_child = sandbox
        self._home, self._host, self._port = home, host, port
        self._begun = begun

    def play(self, *, is_once: bool, language: str) -> int:
        """Set up, top up, compare; then stop (`is_once`) or serve. Returns the exit code."""
        with override(language or speech.of_terminal()):
            sandbox, fleet = self._set_up()
            order = story.top_up(sandbox.control, left_to_visitors=fleet.shop_iccids)
            print("\n".join(["", *story.outcome(order), ""]))
            is_right = self._compare(sandbox) and story.is_verified(order)
            if is_once:
                return self._end_once(is_right)
            print("\n".join(welcome.lines(fleet, home=self._home, control_port=self._port + 1, host=self._host)))
            return self._serve(fleet)

    def _set_up(self) -> tuple[Sandbox, DemoFleet]:
        ready = ready_line(self._sandbox_child)
        sandbox = Sandbox(self._sandbox_child.running, ready, self._home / "sandbox")
        self._step(_("the sandbox: carriers and payment providers"))
        if _migrate():
            self._step(_("the database and its tables"))
        else:
            self._step(_("the database"))
        address = ("--host", self._host, "--port", str(self._port))
        self._children.start("web", "serve", "--demo", "--workers", "1", "--threads", "4", *address)
        fleet = _seeded(sandbox)
        self._step(_("the fleet: SIMs, terminals, shops and prices"))
        worker = self._children.start("worker", "worker", "--demo")
        self._children.wait_for(lambda: "worker ready" in worker.log.read_text(errors="replace"), "worker")
        self._step(_("the worker"))
        self._children.wait_for(lambda: _answers(self._host, self._port), "web")
        self._step(_("the web"))
        return sandbox, fleet

    def _step(self, what: str) -> None:
        print(f"  {time.monotonic() - self._begun:5.1f} s  {what}")

    def _compare(self, sandbox: Sandbox) -> bool:
        """Print the three books side by side; returns whether they agree."""
        waiting.until(lambda: books.at_rest() or None, seconds=REST_WITHIN_SECONDS)
        found = books.compare(sandbox.control.books())
        is_equal = all(one.is_equal for one in found)
        title = _("The books agree: ours, the provider's, the carriers'") if is_equal else _("The books do NOT agree")
        print("\n".join([title, "", *books.table(found), ""]))
        return is_equal

    def _end_once(self, is_right: bool) -> int:
        seconds = {"seconds": f"{time.monotonic() - self._begun:.1f}"}
        if is_right:
            print(_("Verified, receipted, and every book agrees, %(seconds)s s after the start.") % seconds)
        else:
            print(_("Not as it should be, %(seconds)s s after the start; see above.") % seconds)
        return 0 if is_right else 1

    def _serve(self, fleet: DemoFleet) -> int:
        print("\n" + _("Serving; Ctrl-C ends everything. The data stay, make clean removes them."))
        try:
            while True:
                self._children.check()
                _show_codes(fleet)
                time.sleep(LOOK_AFTER_SECONDS)
        except KeyboardInterrupt:
            print("\n" + _("Stopping …"))
            return 0


def _migrate() -> bool:
    """Bring the tables up to date; returns whether anything had to be done."""
    refuse_another_releases(applied())
    if not count_missing():
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def _seeded(sandbox: Sandbox) -> DemoFleet:
    """Set up the fleet on both sides; the sandbox gets its SIMs only once: loading them again erases purchases."""
    fleet = seed_demo(credentials=sandbox.credentials, sandbox_urls=sandbox.urls)
    if sandbox.control.sim(str(fleet.sims[-1]["iccid"])) is None:
        sandbox.control.plans(fleet.plans)
        sandbox.control.sims(fleet.sims)
    return fleet


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _show_codes(fleet: DemoFleet) -> None:
    """On a terminal, one line that refreshes: the current authenticator codes of the sign-ins."""
    if sys.stdout.isatty():
        codes = "   ".join(f"{one.name} {welcome.code_now(one)}" for one in fleet.sign_ins)
        print(f"\r  {_('authenticator codes now')}: {codes} ", end="", flush=True)
