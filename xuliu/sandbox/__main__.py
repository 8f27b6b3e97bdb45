"""`python -m xuliu.sandbox`."""

import argparse
import sys

from xuliu.sandbox.engine.serve import add_arguments, serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="xuliu.sandbox", description="Stand-ins for carriers and payment providers.")
    add_arguments(parser)
    sys.exit(serve(parser.parse_args()))
