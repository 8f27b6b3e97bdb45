"""Whether the database's tables are those of this program: behind it, or made by a release that it cannot take over.

The migrations were squashed once, for 0.2.0, to one a package; from its tag on none is ever rewritten. A database in
which migrations ran that the program does not know was made before that, or by a newer program.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from xuliu.cli.failure import CommandFailed

ANOTHER_RELEASES = (
    "The {what} was made by another release of Xuliu (it knows {migration}, this one does not), and cannot be taken"
    " over: start with an empty database, or run the release that made it."
)


def count_missing() -> int:
    """How many migrations the tables are behind the program."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def applied() -> list[tuple[str, str]]:
    """The migrations that ran here, each as package and name."""
    return list(MigrationRecorder(connection).applied_migrations())


def unknown_among(migrations: Iterable[tuple[str, str]]) -> str:
    """The first of our packages' migrations that this program does not know, as `package.name`; "" for none."""
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("xuliu.")}
    known = set(MigrationLoader(None).disk_migrations)
    unknown = sorted((label, name) for label, name in migrations if label in ours and (label, name) not in known)
    return ".".join(unknown[0]) if unknown else ""


def refuse_another_releases(migrations: Iterable[tuple[str, str]], *, what: str = "database") -> None:
    """Raise CommandFailed where one of these ran that this program does not know."""
    if unknown := unknown_among(migrations):
        raise CommandFailed(ANOTHER_RELEASES.format(what=what, migration=unknown))


def refuse_unfit_tables() -> None:
    """Raise CommandFailed where the tables are another release's, or behind the program."""
    refuse_another_releases(applied())
    if count_missing():
        raise CommandFailed("The database's tables are behind the program; run: xuliu manage migrate.")
