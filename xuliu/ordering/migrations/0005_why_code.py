from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("ordering", "0004_words_by_decision"),)

    operations = (
        migrations.AddField(
            model_name="attempt", name="why_code", field=models.CharField(db_default="", max_length=40)
        ),
        migrations.AlterField(
            model_name="order",
            name="channel",
            field=models.CharField(choices=[("merchant", "Merchant"), ("command", "Command")], max_length=12),
        ),
    )
