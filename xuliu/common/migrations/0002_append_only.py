from django.db import migrations

from xuliu.common.append_only import append_only

FUNCTION = """
    CREATE FUNCTION refuse_as_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Undo by adding: a new posting, a new event.';
    END $$;"""


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION refuse_as_append_only();"),
        append_only("common_event"),
    ]
