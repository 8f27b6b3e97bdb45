from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0003_cache")]

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("most", models.IntegerField()),
                ("count", models.IntegerField()),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="counter_ends")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("count__lte", models.F("most"))), name="counter_never_above"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("ends_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["ends_at"], name="mark_ends")]},
        ),
    ]
