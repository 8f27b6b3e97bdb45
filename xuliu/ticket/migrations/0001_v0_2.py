from django.db import migrations, models

import xuliu.common.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("subject_kind", models.CharField(max_length=40)),
                ("subject_id", models.BigIntegerField()),
                ("facts", models.JSONField(default=dict)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[("OPEN", "Open"), ("CLOSED", "Closed")], default="OPEN", editable=False, max_length=20
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["subject_kind", "subject_id"], name="case_of_subject")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "OPEN")),
                        fields=("kind", "subject_kind", "subject_id"),
                        name="case_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Failure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(max_length=40)),
                ("subject_id", models.BigIntegerField()),
                ("what", models.CharField(max_length=200)),
                ("count", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subject_kind", "subject_id"), name="failure_once_a_subject")
                ],
            },
        ),
    ]
