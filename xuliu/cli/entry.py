"""The `xuliu` command: finds the module of the subcommand and runs it.

A subcommand is one module beside this one: `import_sims.py` is `xuliu import-sims`. Its docstring's first line is
the help; `add_arguments(parser)` and `run(args) -> int` are all it has. If it needs no database, or no Django
at all, it says so with `NEEDS = "models"` or `NEEDS = "nothing"` (the default is "database": models and a server
that runs). Django is set up before the module is imported, so it may import models where imports belong.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from xuliu.cli.failure import CommandFailed
from xuliu.config import embedded, environment, wheel

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Command:
    """A subcommand, as its module's source describes it; the module is not imported."""

    name: str
    help: str
    needs: str = "database"
    takes_rest: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit code. An expected error is one sentence on stderr."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(given)
    except (CommandFailed, wheel.EmbeddedPostgresError, environment.WrongEnvironment) as error:
        print(f"xuliu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed our output; discard the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        print(f"xuliu: The database does not serve: {' '.join(str(error).split())}", file=sys.stderr)
        return 1


def _is_of_the_database(error: Exception) -> bool:
    from xuliu.common.failures import is_transient

    return is_transient(error)


def commands() -> dict[str, Command]:
    """All subcommands by name, in order."""
    found = (_described(path) for path in sorted(FOLDER.glob("*.py")))
    return {command.name: command for command in found if command}


def _run(given: list[str]) -> int:
    command = _named(given[0]) if given else None
    if command is None:
        _parser().parse_args(given or ["--help"])
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xuliu.config.settings")
    # Showing help needs no secret.
    if {"--demo", "--help", "-h"} & set(given) and not command.takes_rest:
        os.environ["XULIU_DEMO"] = "1"
    if command.needs != "nothing":
        import django

        django.setup()
    module = import_module(f"xuliu.cli.{command.name.replace('-', '_')}")
    if command.takes_rest:
        arguments = argparse.Namespace(rest=given[1:])
    else:
        parser = argparse.ArgumentParser(prog=f"xuliu {command.name}", description=command.help)
        module.add_arguments(parser)
        arguments = parser.parse_args(given[1:])
        _expect_text(arguments)
    server = None
    if command.needs == "database":
        # A command told to end still releases the embedded server: nobody else would stop it.
        if not os.environ.get("DATABASE_URL"):
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        server = use_database()
    try:
        return int(module.run(arguments))
    finally:
        if server:
            server.release()


def _expect_text(arguments: argparse.Namespace) -> None:
    """Refuse arguments that are not text, except file names, which may hold any byte. Raises CommandFailed."""
    for name, value in vars(arguments).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
                raise CommandFailed(f"--{name.replace('_', '-')}: {text!a} holds a byte that is no text.")


def use_database() -> embedded.Running | None:
    """Make DATABASE_URL name a running server: the given one, else the embedded one of XULIU_HOME.

    Processes that this one starts inherit the address. Returns the embedded server, for the caller to release.
    """
    if os.environ.get("DATABASE_URL"):
        return None
    server = embedded.start(environment.home())
    os.environ["DATABASE_URL"] = server.url()
    return server


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xuliu", description="Keeps point-of-sale terminals online.")
    subparsers = parser.add_subparsers(metavar="command", required=True)
    for command in commands().values():
        subparsers.add_parser(command.name, help=command.help)
    return parser


def _named(name: str) -> Command | None:
    return next((_described(path) for path in FOLDER.glob("*.py") if path.stem.replace("_", "-") == name), None)


def _described(path: Path) -> Command | None:
    """The command in a file; None if the file defines no `run`."""
    source = path.read_text(encoding="utf-8")
    if not re.search(r"^def run\(", source, re.MULTILINE):
        return None
    needs = re.search(r'^NEEDS = "(\w{1,40})"$', source, re.MULTILINE)
    return Command(
        name=path.stem.replace("_", "-"),
        help=re.split(r'\n|"""', source.removeprefix('"""'), maxsplit=1)[0],
        needs=needs[1] if needs else "database",
        takes_rest=bool(re.search(r"^TAKES_REST = True$", source, re.MULTILINE)),
    )
