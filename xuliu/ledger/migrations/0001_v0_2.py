from django.db import migrations, models

import xuliu.common.models
from xuliu.common.append_only import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("common", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("up_to_posting_id", models.BigIntegerField()),
                ("balance_minor", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("address", "currency", "up_to_posting_id"), name="checkpoint_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reference", xuliu.common.models.CodeField(db_collation="C", max_length=120, unique=True)),
                ("source", models.CharField(max_length=80)),
                ("destination", models.CharField(max_length=80)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("at", models.DateTimeField()),
                ("order_id", models.BigIntegerField(null=True)),
                ("line_id", models.BigIntegerField(null=True)),
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["source", "currency", "id"], name="posting_out_of"),
                    models.Index(fields=["destination", "currency", "id"], name="posting_into"),
                    models.Index(
                        condition=models.Q(("order_id__isnull", False)), fields=["order_id"], name="posting_of_order"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="posting_moves_something"),
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("destination")), _negated=True),
                        name="posting_goes_somewhere_else",
                    ),
                ],
            },
        ),
        append_only("ledger_posting"),
    ]
