"""Run one of Django's own commands (migrate, createsuperuser, shell, …)."""

import argparse

TAKES_REST = True


def run(args: argparse.Namespace) -> int:
    """Hand everything after `manage` to Django."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["xuliu manage", *args.rest])
    return 0
