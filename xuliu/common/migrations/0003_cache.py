from django.db import migrations

# As Django's createcachetable makes it, so that nobody has to run that before the first sign-in.
TABLE = """
    CREATE TABLE common_cache (
        cache_key varchar(255) COLLATE "C" PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
    CREATE INDEX common_cache_expires ON common_cache (expires);"""


class Migration(migrations.Migration):
    """What has to be known to every process of the server for minutes: guesses at sign-in, codes that were used."""

    dependencies = [("common", "0002_append_only")]

    operations = [migrations.RunSQL(TABLE, "DROP TABLE common_cache;")]
