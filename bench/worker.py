"""`xuliu worker --demo` that also finds the carriers of the bench; and its steps run within the bench's own process."""

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django


def main() -> int:
    """Work until told to stop."""
    django.setup()
    from bench.fleet import drop_in_connectors
    from xuliu.cli import worker

    drop_in_connectors()
    return worker.run(argparse.Namespace(demo=True))


@contextmanager
def interpreter_of_worker() -> Iterator[None]:
    """Python as a worker sets it up for itself, and back."""
    from xuliu.cli import worker

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    worker.prepare_interpreter()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)


if __name__ == "__main__":
    sys.exit(main())
