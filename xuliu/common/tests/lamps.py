"""A stateful table of the tests' own: what `common` offers must not need a business noun to be tested."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import ClassVar

from django.db import connection, models
from django.test.utils import isolate_apps

from xuliu.common.models import StateField
from xuliu.common.reasons import WhyCode


class LampReason(WhyCode):
    """Why a lamp is turned."""

    DARK = "dark"
    SMELLS = "smells"
    STORM = "storm"
    OVER = "over"


AT = datetime(2026, 3, 1, 8, tzinfo=UTC)

with isolate_apps("xuliu.common"):

    class Lamp(models.Model):
        """Off, on, broken for good."""

        class State(models.TextChoices):
            OFF = "OFF"
            ON = "ON"
            BROKEN = "BROKEN"

        MOVES: ClassVar = {
            State.OFF: frozenset({State.ON}),
            State.ON: frozenset({State.OFF, State.BROKEN}),
            State.BROKEN: frozenset(),
        }

        id = models.BigAutoField(primary_key=True)
        state = StateField(choices=State.choices, default=State.OFF)
        state_at = models.DateTimeField()
        watts = models.IntegerField(default=0)
        colour = models.CharField(max_length=20, default="")
        facts = models.JSONField(default=dict)
        paused_at = models.DateTimeField(null=True)
        paused_why = models.CharField(max_length=40, default="")
        paused_detail = models.TextField(default="")

        objects: ClassVar[models.Manager["Lamp"]] = models.Manager()

        class Meta:
            app_label = "common"
            db_table = "lamp"


@contextmanager
def lamp_table() -> Iterator[None]:
    """The table, made in the present database and gone with it or with the test's transaction."""
    with connection.schema_editor() as editor:
        editor.create_model(Lamp)
    yield


def make_lamps(count: int, *, state: str = Lamp.State.OFF) -> list[int]:
    """So many lamps in one state; returns their ids."""
    lamps = Lamp.objects.bulk_create([Lamp(state=state, state_at=AT) for _ in range(count)])
    return [lamp.pk for lamp in lamps]


def states(ids: list[int]) -> list[str]:
    """Their states, in that order."""
    found = dict(Lamp.objects.filter(pk__in=ids).values_list("pk", "state"))
    return [found[lamp] for lamp in ids]
