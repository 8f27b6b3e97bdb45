from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("carrier", "0003_tried_accounts"),)

    operations = (
        migrations.RenameField(model_name="carrieraccount", old_name="paused_why", new_name="paused_detail"),
        migrations.AddField(
            model_name="carrieraccount",
            name="paused_why",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
    )
