from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payment", "0009_why_codes")]

    operations = [
        migrations.RemoveConstraint(model_name="refundnumber", name="refund_number_stands"),
        migrations.RenameField(model_name="refundnumber", old_name="standing", new_name="status"),
        migrations.AddConstraint(
            model_name="refundnumber",
            constraint=models.CheckConstraint(
                condition=models.Q(status__in=("", "pending", "succeeded", "closed", "failed", "refused", "not_found")),
                name="refund_number_status",
            ),
        ),
    ]
