"""Write the whole database into one file, consistent as of one instant, while everything goes on.

The file is PostgreSQL's custom format: compressed, and readable by any pg_restore of the same version or newer.
Sealed values stay sealed in it: keep XULIU_SECRET, and keep it somewhere else.
"""

import argparse
from pathlib import Path

from xuliu.cli.failure import CommandFailed
from xuliu.cli.postgres_programs import run_program


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file to write."""
    parser.add_argument("file", type=Path, help="the file to write; it must not exist yet")


def run(args: argparse.Namespace) -> int:
    """Write to a temporary file first, so that a file with the backup's name is always complete."""
    target: Path = args.file
    if target.exists():
        raise CommandFailed(f"{target} exists already; choose another name.")
    if not target.parent.is_dir():
        raise CommandFailed(f"The folder {target.parent} does not exist; make it first.")
    partial = target.with_name(target.name + ".partial")
    try:
        partial.touch(mode=0o600)
        run_program("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={partial}")
        partial.rename(target)
    except OSError as error:
        raise CommandFailed(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        partial.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size:,} bytes")
    return 0
