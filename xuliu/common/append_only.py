"""Tables that only grow: the database refuses UPDATE, DELETE and TRUNCATE to every role."""

from django.db import migrations


def append_only(table: str) -> migrations.RunSQL:
    """A migration's operation; depends on common's 0002, which makes the function.

    ENABLE ALWAYS: neither the table's owner nor a session that plays a replica gets past it by accident.
    """
    name = f"{table}_is_append_only"
    return migrations.RunSQL(
        sql=f"""
            CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_as_append_only();
            ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};""",
        reverse_sql=f"DROP TRIGGER {name} ON {table};",
    )
