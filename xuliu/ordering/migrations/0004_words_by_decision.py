from django.db import migrations, models
from django.db.models import Q

# What was said before decisions were told apart: of an attempt that was held back, to send on its reading.
TELL_APART = """
    UPDATE ordering_approval p SET decision = 'send_on_reading' FROM ordering_attempt a
    WHERE a.line_id = p.line_id AND a.number = p.attempt AND a.sent_at IS NULL"""
DECISIONS = [("send_again", "Send Again"), ("send_on_reading", "Send On Reading"), ("accept", "Accept")]


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0003_page_orders"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="approval", name="approval_once_a_person"),
        migrations.AddField(
            model_name="approval",
            name="decision",
            field=models.CharField(choices=DECISIONS, default="send_again", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="approval",
            name="taken_back_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(TELL_APART, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=Q(("taken_back_at__isnull", True)),
                fields=("line", "attempt", "person_id"),
                name="approval_one_word_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=Q(("decision__in", ("send_again", "send_on_reading", "accept"))),
                name="approval_of_a_known_decision",
            ),
        ),
    ]
