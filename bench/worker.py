"""`xuliu worker --demo` that also finds the carriers of the bench."""

import argparse
import sys

import django


def main() -> int:
    """Work until told to stop."""
    django.setup()
    from bench.fleet import drop_in_connectors
    from xuliu.cli import worker

    drop_in_connectors()
    return worker.run(argparse.Namespace(demo=True))


if __name__ == "__main__":
    sys.exit(main())
