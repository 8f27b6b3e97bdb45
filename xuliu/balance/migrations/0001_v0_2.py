import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("inventory", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProvenReading",
            fields=[
                (
                    "sim",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="proven",
                        serialize=False,
                        to="inventory.sim",
                    ),
                ),
                ("line_id", models.BigIntegerField()),
                ("as_of", models.DateTimeField()),
                ("period_end_on", models.DateField(null=True)),
                ("granted_bytes", models.BigIntegerField(null=True)),
                ("counted_from", models.DateField(null=True)),
                ("plans", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "sim",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="inventory.sim",
                    ),
                ),
                ("as_of", models.DateTimeField(null=True)),
                ("carrier_state", models.CharField(db_default="", max_length=20)),
                ("period_end_on", models.DateField(null=True)),
                ("granted_bytes", models.BigIntegerField(null=True)),
                ("used_bytes", models.BigIntegerField(null=True)),
                ("left_bytes", models.BigIntegerField(null=True)),
                ("counted_from", models.DateField(null=True)),
                ("imei", models.CharField(db_default="", max_length=15)),
                ("blocked_why", models.CharField(db_default="", max_length=200)),
                ("refused", models.CharField(db_default="", max_length=200)),
                ("requested_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("requested_at__isnull", False)),
                        fields=["requested_at"],
                        name="reading_wanted",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("line_id", models.BigIntegerField(unique=True)),
                ("granted_bytes", models.BigIntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="buckets",
                        to="inventory.sim",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("granted_bytes__gte", 0)), name="bucket_grants"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="bucket_runs_forward"
                    ),
                ],
            },
        ),
    ]
