from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Guess",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("against", models.BinaryField(max_length=32)),
                ("what", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "guesses",
                "indexes": [models.Index(fields=["at"], name="guess_ages")],
                "constraints": [models.UniqueConstraint(fields=("against", "what"), name="guess_counted_once")],
            },
        ),
    ]
