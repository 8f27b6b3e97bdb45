from django.db import migrations


class Migration(migrations.Migration):
    """Look-ups are counted in `common_counter`; an hour's counts are not worth taking along."""

    dependencies = [("inventory", "0001_initial")]

    operations = [migrations.DeleteModel(name="Guess")]
