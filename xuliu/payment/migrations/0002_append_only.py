from django.db import migrations

from xuliu.common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("payment", "0001_initial"),
        ("common", "0002_append_only"),
    ]

    operations = [append_only("payment_providercall")]
