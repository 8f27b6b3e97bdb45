from django.db import migrations

import xuliu.party.models


class Migration(migrations.Migration):
    dependencies = [("party", "0002_roles")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="session_epoch",
            field=xuliu.party.models.EpochField(default=0, editable=False),
        ),
    ]
