"""Run one of Django's own commands (migrate, createsuperuser, shell, …)."""

import argparse

from django.conf import settings
from django.core.management import execute_from_command_line

from xuliu.cli.tables import applied, refuse_another_releases

TAKES_REST = True
# A migration of a large table, and a person at a prompt, take the time they take.
WITHOUT_TIME_LIMITS = {"migrate", "dbshell"}


def run(args: argparse.Namespace) -> int:
    """Hand everything after `manage` to Django."""
    if WITHOUT_TIME_LIMITS & set(args.rest[:1]):
        settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    if args.rest[:1] == ["migrate"]:
        refuse_another_releases(applied())
    execute_from_command_line(["xuliu manage", *args.rest])
    return 0
