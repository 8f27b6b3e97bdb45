from django.db import migrations

# Both held addresses and sign-in names in the open, and nothing of what they counted is worth taking along.
DROP = """
    DROP TABLE common_cache;
    DROP TABLE IF EXISTS axes_accessattemptexpiration, axes_accessattempt, axes_accesslog, axes_accessfailurelog;
    DELETE FROM django_migrations WHERE app = 'axes'"""


class Migration(migrations.Migration):
    """What was counted in a cache, and by django-axes, is counted in `common_counter`."""

    dependencies = [("common", "0004_counters")]

    operations = [migrations.RunSQL(DROP, migrations.RunSQL.noop)]
