from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("common", "0005_no_cache"),)

    operations = (
        migrations.RenameField(model_name="event", old_name="why", new_name="detail"),
        migrations.AddField(model_name="event", name="why_code", field=models.CharField(db_default="", max_length=40)),
    )
