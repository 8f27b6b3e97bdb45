"""Events that are no move of a state: somebody saw, gave or took something."""

from django.db.models import Model

from xuliu.common import actor, clock
from xuliu.common.models import Event
from xuliu.common.reasons import WhyCode


def record(row: Model, *, was: str, became: str, why: WhyCode | None = None, detail: str = "") -> None:
    """Write who turned what into what; `was` and `became` are words of at most 20 letters, such as HIDDEN and SHOWN."""
    doer = actor.current()
    Event.objects.create(
        kind=str(row._meta.model_name),
        subject_id=row.pk,
        was=was,
        became=became,
        why_code=why or "",
        detail=detail,
        actor_kind=doer.kind,
        actor_id=doer.id,
        actor_label=doer.label,
        at=clock.now(),
    )
