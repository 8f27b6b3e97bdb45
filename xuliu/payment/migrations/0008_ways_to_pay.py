from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("payment", "0007_doubted_payments"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="payment", name="payment_live_once_a_method"),
        migrations.RenameField(model_name="payment", old_name="method", new_name="way"),
        migrations.AlterField(model_name="payment", name="way", field=models.CharField(max_length=20)),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("order_id", "way", "payer_id"),
                condition=Q(state__in=("OPENING", "PENDING")),
                name="payment_live_once_a_way",
            ),
        ),
        migrations.AddField(
            model_name="signin",
            name="way",
            field=models.CharField(default="", max_length=20),
            preserve_default=False,
        ),
    ]
