"""PostgreSQL's own programs, from the wheel, run against our database."""

import os
import subprocess

from django.db import connection

from xuliu.cli.failure import CommandFailed
from xuliu.config import wheel

PASSED_ON = {"dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD", "host": "PGHOST", "port": "PGPORT"}


def run_program(name: str, *arguments: str, at_us: bool = True) -> str:
    """Run pg_dump or pg_restore, without the password on its command line; returns its output. pg_restore writes into
    our database unless `at_us` is False. Raises CommandFailed with the program's reason."""
    parameters = connection.get_connection_params()
    environment = {**os.environ, **{PASSED_ON[key]: str(parameters[key]) for key in PASSED_ON if parameters.get(key)}}
    target = [f"--dbname={parameters['dbname']}"] if name == "pg_restore" and at_us else []
    ended = subprocess.run(
        [str(wheel.client(name)), *target, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise CommandFailed(f"{name} failed: {wheel.cause(ended.stderr)}")
    return ended.stdout
