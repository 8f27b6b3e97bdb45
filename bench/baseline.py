"""A bare Django view with one INSERT: what notices are compared with. No middleware, no signature, no account.

`python -m bench.baseline PORT` serves it as `xuliu serve` serves everything.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

INSERT = (Path(__file__).parent / "ceilings" / "notice.sql").read_text()


def main(port: int) -> None:
    """Serve until told to stop, by the very settings of `xuliu serve`."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare_settings"
    import django

    django.setup()
    from granian.constants import Interfaces
    from granian.server import Server

    from xuliu.cli import serve

    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    as_served = parser.parse_args([])
    Server(
        "bench.bare_wsgi:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=as_served.workers,
        blocking_threads=as_served.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=serve.STOP_WITHIN_SECONDS,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
