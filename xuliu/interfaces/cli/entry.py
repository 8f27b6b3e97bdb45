"""The `xuliu` command: finds the module of the subcommand and runs it.

A subcommand is one module beside this one: `import_sims.py` is `xuliu import-sims`. Its docstring's first line is
the help; `add_arguments(parser)` and `run(args) -> int` are all it has. Where it needs no database or no Django
it says so with `NEEDS = "nothing"` or `NEEDS = "database"` (the default is "django": both).
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from xuliu.config.embedded import EmbeddedPostgresError, Running
from xuliu.config.environment import WrongEnvironment
from xuliu.interfaces import cli
from xuliu.interfaces.cli.failure import CommandFailed

NOT_COMMANDS = {"entry", "failure", "guard", "tests"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit code. What is expected to go wrong is one sentence on stderr."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(given)
    except (CommandFailed, EmbeddedPostgresError, WrongEnvironment) as error:
        print(f"xuliu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141


def commands() -> list[str]:
    """The names of all subcommands, in order."""
    modules = (module.name for module in pkgutil.iter_modules(cli.__path__))
    return sorted(name.replace("_", "-") for name in modules if name not in NOT_COMMANDS)


def _run(given: list[str]) -> int:
    name = given[0] if given and given[0] in commands() else None
    parser = _parser(name)
    if name is None:
        parser.parse_args(given or ["--help"])
        return 2
    module = _module(name)
    if getattr(module, "TAKES_REST", False):
        arguments = argparse.Namespace(command=name, rest=given[1:])
    else:
        arguments = parser.parse_args(given)
    server = _prepare(module, arguments)
    try:
        return int(module.run(arguments))
    finally:
        if server:
            server.release()


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen command's module is asked for its arguments, so that help is quick."""
    parser = argparse.ArgumentParser(prog="xuliu", description="Keeps point-of-sale terminals online.")
    subparsers = parser.add_subparsers(dest="command", metavar="command")
    for name in [chosen] if chosen else commands():
        summary = (_module(name).__doc__ or "").split("\n", 1)[0]
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if chosen and not getattr(_module(name), "TAKES_REST", False):
            _module(name).add_arguments(subparser)
    return parser


def _module(name: str) -> ModuleType:
    return import_module(f"xuliu.interfaces.cli.{name.replace('-', '_')}")


def _prepare(module: ModuleType, arguments: argparse.Namespace) -> Running | None:
    """Start or join the embedded PostgreSQL and set Django up, as far as the command needs them."""
    needs = getattr(module, "NEEDS", "django")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xuliu.config.settings")
    if getattr(arguments, "demo", False):
        os.environ["XULIU_DEMO"] = "1"
    server = use_database() if needs in {"database", "django"} else None
    if needs == "django":
        import django

        django.setup()
    return server


def use_database() -> Running | None:
    """See to it that DATABASE_URL names a server that runs: the given one, else the embedded one of XULIU_HOME."""
    from xuliu.config import embedded, environment

    if os.environ.get("DATABASE_URL"):
        return None
    server = embedded.start(environment.home())
    os.environ["DATABASE_URL"] = server.url()
    return server
