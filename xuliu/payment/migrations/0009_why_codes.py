from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("payment", "0008_ways_to_pay"),)

    operations = (
        migrations.RenameField(model_name="provideraccount", old_name="paused_why", new_name="paused_detail"),
        migrations.AddField(
            model_name="provideraccount",
            name="paused_why",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.RemoveConstraint(model_name="refund", name="refund_once_a_reason"),
        migrations.AlterField(model_name="refund", name="why", field=models.CharField(max_length=40)),
        migrations.AddField(
            model_name="refund", name="why_number", field=models.CharField(blank=True, db_default="", max_length=64)
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(fields=("payment", "why", "why_number"), name="refund_once_a_reason"),
        ),
    )
