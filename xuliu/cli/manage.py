"""Run one of Django's own commands (migrate, createsuperuser, shell, …)."""

import argparse

from django.conf import settings
from django.core.management import execute_from_command_line

from xuliu.cli.tables import applied, refuse_another_releases

TAKES_REST = True
# A large migration, or a person at a prompt, may take as long as it takes.
WITHOUT_TIME_LIMITS = {"migrate", "dbshell"}


def run(args: argparse.Namespace) -> int:
    """Pass everything after `manage` to Django."""
    if WITHOUT_TIME_LIMITS & set(args.rest[:1]):
        settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    if args.rest[:1] == ["migrate"]:
        refuse_another_releases(applied())
    execute_from_command_line(["xuliu manage", *args.rest])
    return 0
