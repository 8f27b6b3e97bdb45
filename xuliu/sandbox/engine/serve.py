"""Run a sandbox until told to stop."""

import argparse
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xuliu.sandbox.engine.world import World

NEW_OBJECTS = 20_000  # before Python looks for garbage
LOOK_SECONDS = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `xuliu sandbox` and `python -m xuliu.sandbox` take."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where books and credentials are kept")
    parser.add_argument(
        "--port", type=int, default=0, help="of the control API; the stand-ins take those behind it (0: free ones)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--with-parent", type=int, metavar="PID", help="stop when that process, which started this one, has ended"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the faults that are drawn by chance")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long every answer of a stand-in takes")
    parser.add_argument(
        "--public-url",
        type=_public,
        action="append",
        default=[],
        metavar="CODE=URL",
        help="under which a phone reaches a provider's port, for the QR code",
    )


def _public(given: str) -> tuple[str, str]:
    code, is_pair, url = given.partition("=")
    if not is_pair:
        raise argparse.ArgumentTypeError(f"{given!r} is not CODE=URL")
    return code, url


def serve(arguments: argparse.Namespace) -> int:
    """Listen, say so on standard output in one JSON line, and stay until told to stop. Returns the exit code."""
    from xuliu.sandbox.engine.store import OtherBooks

    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before any thread is there, so that none takes them
    try:
        world = _opened(arguments)
    except OtherBooks as other:
        sys.stderr.write(f"The sandbox cannot use {arguments.data}: {other}.\n")
        return 1
    except OSError as trouble:
        where = f"{arguments.host}, port {arguments.port}"
        sys.stderr.write(f"The sandbox cannot listen on {where} ({trouble.strerror}): take another --port.\n")
        return 1
    sys.stdout.write(json.dumps(world.running(arguments.host)) + "\n")
    sys.stdout.flush()
    _wait(signals, parent=arguments.with_parent)
    world.close()
    return 0


def _opened(arguments: argparse.Namespace) -> "World":
    """Everything, listening. Raises OtherBooks, or OSError where it cannot listen."""
    from xuliu.sandbox.engine.control import Control
    from xuliu.sandbox.engine.world import World

    public, latency = dict(arguments.public_url), arguments.latency_ms
    world = World(arguments.data, seed=arguments.seed, latency_ms=latency, public_url=public)
    gc.freeze()  # what is loaded by now is no garbage
    gc.set_threshold(NEW_OBJECTS)
    world.open(arguments.host, arguments.port, Control(world).answer)
    return world


def _wait(signals: set[signal.Signals], *, parent: int | None) -> None:
    """Until one of the signals comes, or the parent that we are to end with is gone, which it may be already."""
    while parent in (None, os.getppid()) and signal.sigtimedwait(signals, LOOK_SECONDS) is None:
        pass
