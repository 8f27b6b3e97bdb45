import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

# What was sold must stay readable from the offering for ever: a line points at it. Names, tax, cost and the pause
# may change; whoever wants other terms makes another offering and pauses this one.
TERMS = (
    "carrier_id",
    "kind",
    "plan_code",
    "months",
    "days",
    "size_bytes",
    "starts",
    "after_expiry",
    "is_directional",
    "proof",
)
OLD = ", ".join(f"OLD.{term}" for term in TERMS)
NEW = ", ".join(f"NEW.{term}" for term in TERMS)

TRIGGER = f"""
    CREATE FUNCTION refuse_change_of_terms() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'The terms of offering % never change (carrier, kind, plan, term, size, start, proof)', OLD.code
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Pause it and make a new offering.';
    END $$;
    CREATE TRIGGER offering_terms_never_change BEFORE UPDATE ON catalog_offering
        FOR EACH ROW WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION refuse_change_of_terms();"""
UNDO = """
    DROP TRIGGER offering_terms_never_change ON catalog_offering;
    DROP FUNCTION refuse_change_of_terms();"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("carrier", "0001_v0_2"),
        ("party", "0001_v0_2"),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Offering",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=60, unique=True)),
                ("name", models.JSONField()),
                ("kind", models.CharField(choices=[("renewal", "Renewal"), ("add_on", "Add On")], max_length=10)),
                ("plan_code", models.CharField(max_length=60)),
                ("months", models.PositiveSmallIntegerField(default=0)),
                ("days", models.PositiveSmallIntegerField(default=0)),
                ("size_bytes", models.BigIntegerField(default=0)),
                (
                    "starts",
                    models.CharField(
                        choices=[("end_of_current", "End Of Current"), ("now", "Now"), ("next_month", "Next Month")],
                        default="end_of_current",
                        max_length=16,
                    ),
                ),
                (
                    "after_expiry",
                    models.CharField(
                        choices=[("today", "Today"), ("old_end", "Old End")], default="today", max_length=10
                    ),
                ),
                ("is_directional", models.BooleanField(default=False)),
                (
                    "proof",
                    models.CharField(
                        choices=[
                            ("period_end", "Period End"),
                            ("granted_total", "Granted Total"),
                            ("plan_listed", "Plan Listed"),
                            ("order_query", "Order Query"),
                        ],
                        max_length=16,
                    ),
                ),
                ("tax_basis_points", models.PositiveIntegerField(default=600)),
                ("cost_minor", models.BigIntegerField(default=0)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_why", models.CharField(blank=True, default="", max_length=40)),
                ("paused_detail", models.TextField(blank=True, default="")),
                (
                    "carrier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="offerings", to="carrier.carrier"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PriceList",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.JSONField()),
                ("currency", models.CharField(max_length=3)),
                ("is_public", models.BooleanField(default=False)),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="price_lists", to="party.seller"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount_minor", models.BigIntegerField()),
                ("valid", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                (
                    "offering",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="prices", to="catalog.offering"
                    ),
                ),
                (
                    "price_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="prices", to="catalog.pricelist"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="offering",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__has_key", "zh-hans")), name="offering_name_zh_hans"
            ),
        ),
        migrations.AddConstraint(
            model_name="offering",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "renewal"), models.Q(("months__gt", 0), ("days__gt", 0), _connector="OR")),
                    models.Q(("days", 0), ("kind", "add_on"), ("months", 0), ("size_bytes__gt", 0)),
                    _connector="OR",
                ),
                name="offering_renewal_has_term_add_on_has_bytes",
            ),
        ),
        migrations.AddConstraint(
            model_name="offering",
            constraint=models.CheckConstraint(
                condition=models.Q(("size_bytes__gte", 0), ("cost_minor__gte", 0)), name="offering_sizes"
            ),
        ),
        migrations.AddConstraint(
            model_name="offering",
            constraint=models.CheckConstraint(condition=models.Q(("tax_basis_points__lt", 10000)), name="offering_tax"),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__has_key", "zh-hans")), name="price_list_name_zh_hans"
            ),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_public", True)), fields=("is_public",), name="price_list_one_public"
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="price_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=(("price_list", "="), ("offering", "="), ("valid", "&&")), name="price_never_overlaps"
            ),
        ),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
