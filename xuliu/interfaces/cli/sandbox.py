"""`xuliu sandbox`: stand-ins for carriers and payment providers, in a process of their own."""

import argparse

from xuliu.sandbox import serve

HELP = "stand-ins for carriers and WeChat Pay, with faults on demand"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sandbox's own arguments."""
    serve.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return serve.serve(args)
