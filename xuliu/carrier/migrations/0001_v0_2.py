import django.db.models.deletion
from django.db import migrations, models

from xuliu.common.append_only import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("common", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="CarrierAccount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("config", models.JSONField(default=dict)),
                ("secrets_key_id", models.CharField(blank=True, max_length=8)),
                ("secrets_sealed", models.BinaryField(blank=True, default=bytes)),
                ("is_sandbox", models.BooleanField(default=False)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_why", models.CharField(blank=True, default="", max_length=40)),
                ("paused_detail", models.TextField(blank=True, default="")),
                ("examine_at", models.DateTimeField(null=True)),
                ("examined_at", models.DateTimeField(null=True)),
                ("findings", models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ("is_untried", models.BooleanField(db_default=False, default=False)),
                ("connector", models.CharField(max_length=40)),
                ("zone", models.CharField(default="Asia/Shanghai", max_length=40)),
                ("calls_per_second", models.FloatField(blank=True, null=True)),
                ("parallel", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("settles_within", models.DurationField(blank=True, null=True)),
                ("verify_within", models.DurationField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Carrier",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="ReadCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("minute", models.DateTimeField()),
                ("operation", models.CharField(max_length=60)),
                ("made", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="AccountBudget",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="carrier.carrieraccount",
                    ),
                ),
                ("next_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AccountToken",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="carrier.carrieraccount",
                    ),
                ),
                ("key_id", models.CharField(max_length=8)),
                ("sealed", models.BinaryField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("operation", models.CharField(max_length=60)),
                ("reference", models.CharField(blank=True, max_length=40)),
                ("is_change", models.BooleanField(default=False)),
                ("request", models.JSONField()),
                ("status", models.SmallIntegerField(null=True)),
                ("answer", models.TextField(blank=True)),
                ("failure", models.CharField(blank=True, max_length=200)),
                ("started_at", models.DateTimeField()),
                ("took_ms", models.IntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["reference", "id"], name="call_by_reference")],
            },
        ),
        migrations.AddField(
            model_name="carrieraccount",
            name="carrier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="accounts", to="carrier.carrier"
            ),
        ),
        migrations.AddConstraint(
            model_name="carrier",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__has_key", "zh-hans")), name="carrier_name_zh_hans"
            ),
        ),
        migrations.AddConstraint(
            model_name="readcount",
            constraint=models.UniqueConstraint(
                fields=("account_id", "minute", "operation"), name="read_count_once_a_minute"
            ),
        ),
        append_only("carrier_call"),
    ]
