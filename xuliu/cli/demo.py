"""Show everything: a fleet of its own, web, worker and sandbox, and one real top-up, until Ctrl-C."""

import argparse
import fcntl
import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xuliu.cli.demonstration.children import Child, Children, deaf, end_with_parent, refuse_used
from xuliu.cli.entry import use_database
from xuliu.cli.failure import CommandFailed
from xuliu.config import embedded
from xuliu.sandbox.engine.discovery import stand_ins

NEEDS = "nothing"

DEFAULT_PORT = 8000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen, and for how long."""
    parser.add_argument("--once", action="store_true", help="stop after the top-up; 0 if verified and the books agree")
    parser.add_argument("--home", type=Path, default=Path("build/demo"), help="its data (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the pages; the sandbox takes those behind it"
    )
    parser.add_argument("--language", default="", help="zh-hans or en (default: the terminal's)")


def run(args: argparse.Namespace) -> int:
    """Set up what is missing, start, play, print, serve. Ctrl-C and SIGTERM stop everything that was started."""
    begun = time.monotonic()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    _hear_signals()
    if "MAKELEVEL" in os.environ:  # if `make demo` is killed, we end too
        end_with_parent()
    home = args.home.absolute()
    with _alone(home):
        ports = 2 + len(stand_ins())  # the pages, the sandbox's control port, its stand-ins
        refuse_used(args.host, range(args.port, args.port + ports))
        _set_environment(home, args.host, args.port)
        children, server = Children(home / "log"), None
        try:
            print(f"xuliu demo · {args.home}")
            sandbox = _start_sandbox(children, home, args)
            server = use_database()
            return _play(args, children, sandbox, begun)
        finally:
            with deaf():
                children.stop()
                if server:
                    server.release()
                else:  # interrupted while starting: nobody else would stop it
                    embedded.stop(home)


def _hear_signals() -> None:
    """Treat every signal to end as Ctrl-C, and enable Ctrl-C even in a script's background, where it is off."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # off: nohup
            signal.signal(number, signal.default_int_handler)


def _play(args: argparse.Namespace, children: Children, sandbox: Child, begun: float) -> int:
    """Play the demonstration. Django can only be set up now that the environment names the database."""
    import django

    django.setup()
    from django.db import connections

    from xuliu.cli.demonstration.stage import Stage

    stage = Stage(children, sandbox, home=args.home.absolute(), host=args.host, port=args.port, begun=begun)
    try:
        return stage.play(is_once=args.once, language=args.language)
    finally:
        connections.close_all()


def _start_sandbox(children: Children, home: Path, args: argparse.Namespace) -> Child:
    where = ("--data", str(home / "sandbox"), "--host", args.host, "--port", str(args.port + 1))
    return children.start("sandbox", "sandbox", *where)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Make the folder and hold it for this demonstration alone. Raises CommandFailed."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
        (home / "log").mkdir(exist_ok=True)
    except OSError as error:
        raise CommandFailed(
            f"{home} cannot be written to ({error.strerror}); give another folder (xuliu demo --home FOLDER),"
            " or remove this one as whoever made it (make clean)."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CommandFailed(f"A demonstration already runs out of {home}; end it, or give another --home.") from error
    finally:
        os.close(lock)


def _set_environment(home: Path, host: str, port: int) -> None:
    """Ignore every setting of the machine: a demonstration must never touch a real installation's data."""
    for name in [name for name in os.environ if name == "DATABASE_URL" or name.startswith("XULIU_")]:
        del os.environ[name]
    shown = f"[{host}]" if ":" in host else host
    os.environ |= {"XULIU_DEMO": "1", "XULIU_HOME": str(home), "XULIU_BASE_URL": f"http://{shown}:{port}"}
