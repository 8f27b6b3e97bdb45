"""Fill an empty database from a backup file; a database that holds anything is never touched."""

import argparse
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from xuliu.cli.failure import CommandFailed
from xuliu.cli.postgres_programs import run_program
from xuliu.cli.tables import refuse_another_releases

MIGRATION_COLUMNS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The backup file."""
    parser.add_argument("file", type=Path, help="a file that `xuliu backup` wrote")


def run(args: argparse.Namespace) -> int:
    """Restore in one transaction, all or nothing; then migrate tables of an older version."""
    if not args.file.is_file():
        raise CommandFailed(f"{args.file} is not a file; give one that `xuliu backup` wrote.")
    if tables := _count_tables():
        raise CommandFailed(f"The database has {tables} tables already; restore into an empty one (see XULIU_HOME).")
    connection.close()
    refuse_another_releases(_migrations_in(args.file), what="backup")
    run_program("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", str(args.file))
    call_command("migrate", interactive=False, verbosity=0)
    print(f"{args.file}: {_count_tables()} tables restored")
    return 0


def _migrations_in(file: Path) -> list[tuple[str, str]]:
    """The migrations that had run in the database of the backup: rows of id, package, name and time, by tabulators."""
    shown = run_program("pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(file), at_us=False)
    rows = [line.split("\t") for line in shown.splitlines()]
    return [(row[1], row[2]) for row in rows if len(row) == MIGRATION_COLUMNS]


def _count_tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return int(cursor.fetchone()[0])
