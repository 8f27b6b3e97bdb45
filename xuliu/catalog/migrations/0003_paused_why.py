from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("catalog", "0002_terms_never_change"),)

    operations = (
        migrations.RenameField(model_name="offering", old_name="paused_why", new_name="paused_detail"),
        migrations.AddField(
            model_name="offering", name="paused_why", field=models.CharField(blank=True, default="", max_length=40)
        ),
    )
