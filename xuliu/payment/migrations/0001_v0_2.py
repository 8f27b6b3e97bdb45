import django.db.models.deletion
from django.db import migrations, models

import xuliu.common.codes
import xuliu.common.models
from xuliu.common.append_only import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("common", "0001_v0_2"),
        ("party", "0001_v0_2"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("notice_id", models.CharField(max_length=80)),
                ("subject", models.CharField(max_length=10)),
                ("is_pushed", models.BooleanField()),
                ("body", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[("STORED", "Stored"), ("APPLIED", "Applied"), ("SET_ASIDE", "Set Aside")],
                        db_default="STORED",
                        default="STORED",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("state", "STORED")), fields=["id"], name="notice_waiting")
                ],
                "constraints": [models.UniqueConstraint(fields=("account_id", "notice_id"), name="notice_stored_once")],
            },
        ),
        migrations.CreateModel(
            name="ProviderAccount",
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
                ("provider", models.CharField(max_length=40)),
                ("refused", models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ("is_self_paused", models.BooleanField(db_default=False, default=False)),
                ("tried_at", models.DateTimeField(null=True)),
                ("trial", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="provider_accounts", to="party.seller"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "reference",
                    xuliu.common.models.CodeField(
                        db_collation="C", default=xuliu.common.codes.new_code, max_length=32, unique=True
                    ),
                ),
                ("order_id", models.BigIntegerField(db_index=True)),
                ("way", models.CharField(max_length=20)),
                ("payer_id", models.CharField(blank=True, db_default="", max_length=128)),
                ("description", models.CharField(max_length=127)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("OPENING", "Opening"),
                            ("PENDING", "Pending"),
                            ("SUCCEEDED", "Succeeded"),
                            ("CLOSED", "Closed"),
                            ("FAILED", "Failed"),
                        ],
                        default="OPENING",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("close_requested_at", models.DateTimeField(null=True)),
                ("token", models.CharField(blank=True, db_default="", max_length=512)),
                ("number", models.CharField(blank=True, db_default="", max_length=64)),
                ("paid_at", models.DateTimeField(null=True)),
                ("is_applied", models.BooleanField(db_default=False, default=False)),
                ("trouble_at", models.DateTimeField(null=True)),
                ("doubted_at", models.DateTimeField(null=True)),
                ("failed_why", models.CharField(blank=True, db_default="", max_length=200)),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="payment.provideraccount"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProviderCall",
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
                "indexes": [models.Index(fields=["reference", "id"], name="provider_call_by_reference")],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "reference",
                    xuliu.common.models.CodeField(
                        db_collation="C", default=xuliu.common.codes.new_code, max_length=32, unique=True
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("why", models.CharField(max_length=40)),
                ("why_number", models.CharField(blank=True, db_default="", max_length=64)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("PENDING", "Pending"),
                            ("SENT", "Sent"),
                            ("SUCCEEDED", "Succeeded"),
                            ("FAILED", "Failed"),
                            ("UNKNOWN", "Unknown"),
                        ],
                        default="PENDING",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("sendings", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("number", models.CharField(blank=True, db_default="", max_length=64)),
                ("detail", models.CharField(blank=True, db_default="", max_length=200)),
                ("is_outside", models.BooleanField(db_default=False, default=False)),
                ("anew_requested_at", models.DateTimeField(null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="payment.payment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RefundApproval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reference", xuliu.common.models.CodeField(db_collation="C", max_length=32)),
                ("person_id", models.BigIntegerField()),
                ("why", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="payment.refund"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RefundNumber",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reference", xuliu.common.models.CodeField(db_collation="C", max_length=64, unique=True)),
                ("asked_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("pending", "Pending"),
                            ("succeeded", "Succeeded"),
                            ("closed", "Closed"),
                            ("failed", "Failed"),
                            ("refused", "Refused"),
                            ("not_found", "Not Found"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                    ),
                ),
                ("said_at", models.DateTimeField(null=True)),
                ("number", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("detail", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="numbers", to="payment.refund"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("mark", xuliu.common.models.CodeField(db_collation="C", max_length=64, unique=True)),
                ("browser", xuliu.common.models.CodeField(db_collation="C", max_length=64)),
                ("order_id", models.BigIntegerField()),
                ("way", models.CharField(max_length=20)),
                (
                    "state",
                    xuliu.common.models.StateField(
                        choices=[
                            ("LEFT", "Left"),
                            ("RETURNED", "Returned"),
                            ("KNOWN", "Known"),
                            ("REFUSED", "Refused"),
                        ],
                        default="LEFT",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("left_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("code", models.CharField(blank=True, db_default="", max_length=200)),
                ("payment_id", models.BigIntegerField(null=True)),
                ("refused", models.CharField(blank=True, db_default="", max_length=40)),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="payment.provideraccount"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OutsideEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("why", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outside_entries",
                        to="payment.payment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="outside_entry_of_something"
                    ),
                    models.UniqueConstraint(
                        fields=("payment", "number", "person_id"), name="outside_entry_once_a_person"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_self_paused", False), ("paused_at__isnull", False), _connector="OR"),
                name="provider_account_pauses_itself_paused",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("state__in", ("OPENING", "PENDING"))), fields=["due_at"], name="payment_due"
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("doubted_at__isnull", False)), fields=["due_at"], name="payment_doubted"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="payment_of_something"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_applied", True)), fields=("order_id",), name="payment_applied_once_an_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("OPENING", "PENDING"))),
                fields=("order_id", "way", "payer_id"),
                name="payment_live_once_a_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True),
                fields=("number", "account"),
                name="payment_once_a_number",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="refund_due"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="refund_of_something"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(fields=("payment", "why", "why_number"), name="refund_once_a_reason"),
        ),
        migrations.AddConstraint(
            model_name="refundapproval",
            constraint=models.UniqueConstraint(fields=("reference", "person_id"), name="refund_approval_once_a_person"),
        ),
        migrations.AddConstraint(
            model_name="refundnumber",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ("", "pending", "succeeded", "closed", "failed", "refused", "not_found"))
                ),
                name="refund_number_status",
            ),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["order_id", "browser", "id"], name="sign_in_of_browser"),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(condition=models.Q(("state", "RETURNED")), fields=["due_at"], name="sign_in_due"),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["left_at"], name="sign_in_left"),
        ),
        append_only("payment_providercall"),
    ]
