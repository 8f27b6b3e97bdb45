import django.db.models.deletion
from django.db import migrations, models

import xuliu.common.codes
import xuliu.common.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("carrier", "0001_v0_2"),
        ("party", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sim",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("iccid", xuliu.common.models.CodeField(db_collation="C", max_length=20, unique=True)),
                ("msisdn", xuliu.common.models.CodeField(blank=True, db_collation="C", db_index=True, max_length=15)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("IN_STOCK", "In Stock"),
                            ("ASSIGNED", "Assigned"),
                            ("ACTIVE", "Active"),
                            ("SUSPENDED", "Suspended"),
                            ("TERMINATED", "Terminated"),
                        ],
                        default="IN_STOCK",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("period_start_on", models.DateField(blank=True, null=True)),
                ("period_end_on", models.DateField(blank=True, null=True)),
                ("anchor_day", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("service_password", models.CharField(blank=True, editable=False, max_length=160)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sims", to="carrier.carrieraccount"
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sims",
                        to="party.merchant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Terminal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("serial_number", xuliu.common.models.CodeField(db_collation="C", max_length=40, unique=True)),
                ("imei", models.CharField(blank=True, max_length=15)),
                (
                    "sticker_code",
                    xuliu.common.models.CodeField(
                        db_collation="C", default=xuliu.common.codes.new_code, max_length=26, unique=True
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terminals",
                        to="party.merchant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Binding",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("bound_at", models.DateTimeField()),
                ("unbound_at", models.DateTimeField(blank=True, null=True)),
                (
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bindings",
                        to="inventory.sim",
                    ),
                ),
                (
                    "terminal",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bindings",
                        to="inventory.terminal",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TerminalModel",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("brand", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=60)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("brand", "name"), name="terminal_model_once")],
            },
        ),
        migrations.AddField(
            model_name="terminal",
            name="model",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="inventory.terminalmodel"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(fields=["period_end_on"], name="sim_goes_dark_on"),
        ),
        migrations.AddConstraint(
            model_name="sim",
            constraint=models.CheckConstraint(
                condition=models.Q(("iccid__regex", "^[0-9A-Z]{18,20}$")), name="sim_iccid_shape"
            ),
        ),
        migrations.AddConstraint(
            model_name="sim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("period_start_on__isnull", True),
                    ("period_end_on__isnull", True),
                    ("period_end_on__gte", models.F("period_start_on")),
                    _connector="OR",
                ),
                name="sim_period_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="sim",
            constraint=models.CheckConstraint(
                condition=models.Q(("anchor_day__isnull", True), ("anchor_day__range", (1, 31)), _connector="OR"),
                name="sim_anchor_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="binding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unbound_at__isnull", True)), fields=("sim",), name="sim_bound_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="binding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unbound_at__isnull", True)), fields=("terminal",), name="terminal_holds_one_sim"
            ),
        ),
    ]
