"""Serve the pages, the notices and the console.

Granian runs the application in worker processes; this process only supervises them. No view calls anybody outside
and no thread waits for a visitor (`config.front`), so a few threads are enough.
"""

import argparse
import resource
import socket
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from xuliu.cli import static_files
from xuliu.cli.failure import CommandFailed
from xuliu.cli.guard import refuse_unfit

APPLICATION = "xuliu.config.front.Front"
STOP_WITHIN_SECONDS = 10  # longer than the longest body may take
HEAD_WITHIN_MS = 15_000  # also how long a connection may rest between two requests
MOST_CONNECTIONS, SPARE_FILES = 4_000, 100  # in each process


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument(
        "--threads",
        type=int,
        default=2,
        help="threads in each for pages, and as many for notices (default: %(default)s)",
    )
    parser.add_argument("--demo", action="store_true", help="allow the demo secret and sandbox accounts")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop (SIGTERM, SIGINT)."""
    refuse_unfit(is_demo=args.demo)
    _refuse_used_port(args.host, args.port)
    static_files.collect()
    # The workers are forked from here and must not share this process's connection.
    connections.close_all()
    _granian(args)
    return 0


def _refuse_used_port(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        raise CommandFailed(f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port.") from error


def _granian(args: argparse.Namespace) -> None:
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        APPLICATION,
        address=args.host,
        port=args.port,
        interface=Interfaces.RSGI,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN_MS),
        websockets=False,
        workers=args.workers,
        backpressure=_most_connections(),
        # Replace a worker that died; but if none can start at all, we end.
        respawn_failed_workers=True,
        # A worker told to stop before it handles signals would stay for ever.
        workers_kill_timeout=STOP_WITHIN_SECONDS,
        log_level=LogLevels.warning,
        # Remove its own handler, so that its messages come out once, as JSON like all others.
        log_dictconfig={**settings.LOGGING, "loggers": {"_granian": {"handlers": [], "level": "WARNING"}}},
    ).serve(target_loader=partial(_made, threads=args.threads))


def _made(application: str, *, threads: int) -> Any:  # granian's types know a function alone
    """Make the application, in the process that serves."""
    return import_string(application)(threads=threads)


def _most_connections() -> int:
    """The most open connections per process: an idle one costs a file descriptor but no thread."""
    wanted = MOST_CONNECTIONS + SPARE_FILES
    allowed, at_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return MOST_CONNECTIONS
    allowed = wanted if at_most == resource.RLIM_INFINITY else min(wanted, at_most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, at_most))
    return max(1, allowed - SPARE_FILES)
