"""Stand in for carriers and payment providers over real HTTP, with faults on demand."""

import argparse

from xuliu.sandbox.engine import serve

NEEDS = "nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sandbox's own arguments."""
    serve.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return serve.serve(args)
