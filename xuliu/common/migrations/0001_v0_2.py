from django.db import migrations, models

from xuliu.common.append_only import append_only

FUNCTION = """
    CREATE FUNCTION refuse_as_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Undo by adding: a new posting, a new event.';
    END $$;"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("most", models.IntegerField()),
                ("count", models.IntegerField()),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="counter_ends")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("count__lte", models.F("most"))), name="counter_never_above"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("subject_id", models.BigIntegerField()),
                ("was", models.CharField(max_length=20)),
                ("became", models.CharField(max_length=20)),
                ("why_code", models.CharField(db_default="", max_length=40)),
                ("detail", models.TextField(db_default="")),
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_label", models.CharField(db_default="", max_length=80)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["kind", "subject_id", "id"], name="event_of_subject")],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="mark_ends")],
            },
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION refuse_as_append_only();"),
        append_only("common_event"),
    ]
