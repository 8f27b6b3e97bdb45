"""Measure everything (`make bench`), or what is named; writes bench/results.json."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from xuliu.config import embedded

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "bench"
RESULTS = ROOT / "bench" / "results.json"


def main() -> int:
    """Run; returns 1 where a bar was missed, which the tiny sizes say nothing about."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", help="what to measure (all)")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to see that it runs")
    arguments = parser.parse_args()
    with embedded.running(HOME) as server:
        _set_up(server.cluster)
        from bench import report
        from bench.measures import measure
        from bench.sizes import SMALL, WHOLE

        results = measure(server.cluster, HOME, SMALL if arguments.small else WHOLE, only=arguments.only)
        print(f"\n{report.table(results)}")
        if not arguments.only and not arguments.small:
            report.write(results, RESULTS)
    missed = [one.name for one in results if not one.is_kept and not arguments.small]
    if missed:
        print(f"\nMissed: {', '.join(missed)}. On a machine that does other work, measure again.", file=sys.stderr)
    return 1 if missed else 0


def _set_up(cluster: embedded.Cluster) -> None:
    """The environment of every process that is measured."""
    os.environ |= {
        "DATABASE_URL": cluster.url("postgres"),
        "XULIU_HOME": str(HOME),
        "XULIU_DEMO": "1",
        "XULIU_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "xuliu.config.settings",
    }
    import django

    django.setup()


if __name__ == "__main__":
    sys.exit(main())
