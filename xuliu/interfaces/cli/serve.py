"""Serve the pages, the notices and the console.

Granian runs the application in worker processes of their own; this one only watches over them. No view calls
anybody outside, so a few threads are enough.
"""

import argparse
import socket

from django.conf import settings
from django.db import connections

from xuliu.interfaces.cli import static_files
from xuliu.interfaces.cli.failure import CommandFailed
from xuliu.interfaces.cli.guard import refuse_unfit

STOP_WITHIN_SECONDS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be told to it."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads in each (default: %(default)s)")
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
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "xuliu.config.wsgi:application",
        address=args.host,
        port=args.port,
        interface=Interfaces.WSGI,
        workers=args.workers,
        blocking_threads=args.threads,
        # A worker that died is replaced; a process that cannot start at all ends us instead.
        respawn_failed_workers=True,
        # A worker told to stop before it had set up its ears would stay for ever.
        workers_kill_timeout=STOP_WITHIN_SECONDS,
        log_level=LogLevels.warning,
        # Its own handler is taken away, so that its words come out once and as JSON like all others.
        log_dictconfig={**settings.LOGGING, "loggers": {"_granian": {"handlers": [], "level": "WARNING"}}},
    ).serve()
