import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import xuliu.common.clock
import xuliu.common.models
import xuliu.party.models

ROLES = ("administrator", "finance", "support")


def make_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The groups that party.roles gives rights to."""
    groups = apps.get_model("auth", "Group").objects
    for name in ROLES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Merchant",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", xuliu.common.models.CodeField(db_collation="C", max_length=40, unique=True)),
                ("name", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("sign_in_name", models.CharField(max_length=150, unique=True)),
                ("display_name", models.CharField(blank=True, max_length=150)),
                ("is_staff", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("joined_at", models.DateTimeField(default=xuliu.common.clock.now, editable=False)),
                ("session_epoch", xuliu.party.models.EpochField(default=0, editable=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of "
                        "their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("phone", "Phone"), ("mail", "Mail")], max_length=10)),
                ("key_id", models.CharField(max_length=8)),
                ("sealed", models.BinaryField()),
                ("index", models.BinaryField(max_length=32)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Seller",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.JSONField()),
                ("tax_number", models.CharField(blank=True, max_length=40)),
                ("receipt_prefix", models.CharField(default="XL", max_length=12)),
                ("last_receipt_number", models.BigIntegerField(default=0, editable=False)),
                ("contact_text", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("name__has_key", "zh-hans")), name="seller_name_zh_hans")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(("sign_in_name", ""), _negated=True), name="person_has_a_name"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["index"], name="contact_by_hash"),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(fields=("person", "kind", "index"), name="contact_once_a_person"),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("verified_at__isnull", False)),
                fields=("kind", "index"),
                name="contact_proven_by_one_person",
            ),
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
