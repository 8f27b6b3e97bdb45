"""Plain SQL that writes the same rows as the line does, read from ceilings/*.sql.

A file is a list of transactions parted by lines `-- commit`, each a list of statements parted by `;`. What a statement
returns as its first column is `%(ids)s` to those after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import Connection

FOLDER = Path(__file__).parent / "ceilings"


class Ceiling:
    """One file of SQL, run by the driver alone."""

    def __init__(self, name: str, database: Connection) -> None:
        self._database = database
        text = "\n".join(
            line for line in (FOLDER / f"{name}.sql").read_text().splitlines() if not re.match(r"--(?! commit$)", line)
        )
        self._transactions = [
            [statement for statement in part.split(";") if statement.strip()] for part in text.split("-- commit")
        ]

    def run(self, values: Mapping[str, Any]) -> list[Any]:
        """Every transaction once; returns the first column of what was returned last."""
        ids: list[Any] = []
        for statements in self._transactions:
            with self._database.transaction(), psycopg.ClientCursor(self._database) as cursor:
                for statement in statements:
                    cursor.execute(statement.encode(), {**values, "ids": ids})
                    if cursor.description:
                        ids = [row[0] for row in cursor.fetchall()]
        return ids
