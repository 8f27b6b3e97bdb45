import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import xuliu.common.codes
import xuliu.common.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("carrier", "0001_v0_2"),
        ("catalog", "0001_v0_2"),
        ("inventory", "0001_v0_2"),
        ("party", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "code",
                    xuliu.common.models.CodeField(
                        db_collation="C", default=xuliu.common.codes.new_code, max_length=26, unique=True
                    ),
                ),
                ("number", xuliu.common.models.CodeField(db_collation="C", max_length=24, unique=True)),
                (
                    "channel",
                    models.CharField(choices=[("merchant", "Merchant"), ("command", "Command")], max_length=12),
                ),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField()),
                ("line_count", models.IntegerField()),
                ("is_waited_for", models.BooleanField(default=False)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("QUOTED", "Quoted"),
                            ("AWAITING_PAYMENT", "Awaiting Payment"),
                            ("PAID", "Paid"),
                            ("COMPLETED", "Completed"),
                            ("PARTIAL", "Partial"),
                            ("FAILED", "Failed"),
                            ("LAPSED", "Lapsed"),
                            ("CANCELLED", "Cancelled"),
                            ("EXPIRED", "Expired"),
                        ],
                        default="QUOTED",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("quoted_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("paid_at", models.DateTimeField(null=True)),
                ("cancel_requested_at", models.DateTimeField(null=True)),
                ("is_receipted", models.BooleanField(db_default=False, default=False)),
                (
                    "merchant",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="party.merchant"
                    ),
                ),
                ("price_list", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="catalog.pricelist")),
                ("seller", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="party.seller")),
            ],
        ),
        migrations.CreateModel(
            name="Flight",
            fields=[
                ("sim_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("line_id", models.BigIntegerField(unique=True)),
                ("account_id", models.BigIntegerField()),
                ("attempt", models.PositiveSmallIntegerField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("lease_until__isnull", False)), fields=["lease_until"], name="flight_leased"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.IntegerField()),
                (
                    "kind",
                    models.CharField(choices=[("data", "Data")], db_default="data", default="data", max_length=10),
                ),
                ("reference", models.UUIDField()),
                ("list_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField(db_default=0, default=0)),
                ("price_minor", models.BigIntegerField()),
                ("tax_basis_points", models.PositiveIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("cost_minor", models.BigIntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("DROPPED", "Dropped"),
                            ("READY", "Ready"),
                            ("SUBMITTING", "Submitting"),
                            ("ACCEPTED", "Accepted"),
                            ("VERIFYING", "Verifying"),
                            ("UNKNOWN", "Unknown"),
                            ("COMPLETED", "Completed"),
                            ("REJECTED", "Rejected"),
                            ("DISPUTED", "Disputed"),
                            ("REVERSED", "Reversed"),
                        ],
                        default="WAITING",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("rank", models.PositiveSmallIntegerField(db_default=2, default=2)),
                ("turn", models.BigIntegerField(db_default=0, default=0)),
                ("attempt", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("is_set_aside", models.BooleanField(db_default=False, default=False)),
                ("refund_id", models.BigIntegerField(null=True)),
                ("refunded_minor", models.BigIntegerField(db_default=0, default=0)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="carrier.carrieraccount",
                    ),
                ),
                (
                    "offering",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="catalog.offering",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="ordering.order",
                    ),
                ),
                (
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="inventory.sim",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("account_id", models.BigIntegerField()),
                ("before", models.JSONField(null=True)),
                ("stands_in", models.JSONField(null=True)),
                ("is_let_through", models.BooleanField(db_default=False)),
                ("sent_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(db_default="", max_length=10)),
                ("reason", models.CharField(db_default="", max_length=10)),
                ("why_code", models.CharField(db_default="", max_length=40)),
                ("carrier_number", models.CharField(db_default="", max_length=64)),
                ("detail", models.TextField(db_default="")),
                ("after", models.JSONField(null=True)),
                ("proof", models.CharField(db_default="", max_length=16)),
                ("recheck_at", models.DateTimeField(null=True)),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts_made",
                        to="ordering.orderline",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("attempt", models.PositiveSmallIntegerField()),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("send_again", "Send Again"),
                            ("send_on_reading", "Send On Reading"),
                            ("accept", "Accept"),
                        ],
                        max_length=16,
                    ),
                ),
                ("person_id", models.BigIntegerField()),
                ("why", models.TextField()),
                ("at", models.DateTimeField()),
                ("taken_back_at", models.DateTimeField(null=True)),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="ordering.orderline",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("text_number", models.CharField(max_length=32)),
                ("code", xuliu.common.models.CodeField(db_collation="C", max_length=26, unique=True)),
                ("check_code", xuliu.common.models.CodeField(db_collation="C", max_length=26, unique=True)),
                ("issued_at", models.DateTimeField()),
                ("amount_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="receipt", to="ordering.order"
                    ),
                ),
                ("seller", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="party.seller")),
            ],
        ),
        migrations.CreateModel(
            name="PageOrder",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="made_on_page",
                        serialize=False,
                        to="ordering.order",
                    ),
                ),
                ("browser", models.CharField(max_length=64)),
                ("shares", models.JSONField()),
                ("is_by_sticker", models.BooleanField()),
                ("valid_until", models.DateTimeField()),
                (
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inventory.sim",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("state", "PAID")), fields=["id"], name="order_paid"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ("QUOTED", "AWAITING_PAYMENT"))),
                fields=["valid_until"],
                name="order_unpaid",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("is_receipted", False), ("state__in", ("COMPLETED", "PARTIAL"))),
                fields=["seller", "id"],
                name="order_wants_receipt",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("total_minor__gte", 0)), name="order_total_not_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("is_set_aside", False), ("state", "READY")),
                fields=["account", "rank", "turn", "id"],
                name="line_ready",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(
                    ("is_set_aside", False), ("state__in", ("ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED"))
                ),
                fields=["account", "rank", "due_at", "id"],
                name="line_due",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ("WAITING", "READY", "SUBMITTING", "ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED"))
                ),
                fields=["order"],
                name="line_open",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ("READY", "SUBMITTING", "ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED"))
                ),
                fields=["sim"],
                name="line_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(fields=("order", "position"), name="line_once_a_position"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "price_minor",
                        django.db.models.expressions.CombinedExpression(
                            models.F("list_minor"), "-", models.F("discount_minor")
                        ),
                    ),
                    ("discount_minor__gte", 0),
                    ("price_minor__gte", 0),
                ),
                name="line_price_is_list_less_discount",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded_minor__gte", 0), ("refunded_minor__lte", models.F("price_minor"))),
                name="line_refunded_within_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="line_period_runs_forward"
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("recheck_at__isnull", False)), fields=["recheck_at"], name="attempt_recheck"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("line", "number"), name="attempt_once_a_number"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("taken_back_at__isnull", True)),
                fields=("line", "attempt", "person_id"),
                name="approval_one_word_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ("send_again", "send_on_reading", "accept"))),
                name="approval_of_a_known_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("seller", "number"), name="receipt_numbered_once"),
        ),
        migrations.AddIndex(
            model_name="pageorder",
            index=models.Index(fields=["sim", "valid_until"], name="page_order_open"),
        ),
        migrations.AddIndex(
            model_name="pageorder",
            index=models.Index(fields=["valid_until"], name="page_order_ages"),
        ),
    ]
