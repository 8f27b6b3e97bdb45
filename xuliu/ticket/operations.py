"""Opening and closing cases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from xuliu.common import clock, state
from xuliu.ticket.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A case to be opened: a question of one kind about one subject, with the facts a person needs to decide."""

    kind: str
    subject_kind: str
    subject_id: int
    facts: Mapping[str, Any] = field(default_factory=dict)


def open_cases(openings: Sequence[Opening]) -> None:
    """Open cases, in one statement whatever their number. While a case of a kind about a subject is open, the same one
    again changes nothing."""
    if not openings:
        return
    now = clock.now()
    # In one order, so that two writers of the same cases wait for each other and never in a ring.
    ordered = sorted(openings, key=lambda one: (one.kind, one.subject_kind, one.subject_id))
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                Case.State.OPEN,
                now,
                now,
                [one.kind for one in ordered],
                [one.subject_kind for one in ordered],
                [one.subject_id for one in ordered],
                [json.dumps(one.facts, cls=DjangoJSONEncoder, ensure_ascii=False) for one in ordered],
            ],
        )


def open_case(kind: str, subject: tuple[str, int], facts: Mapping[str, Any]) -> None:
    """Open one case about a subject given as (kind, id)."""
    open_cases([Opening(kind=kind, subject_kind=subject[0], subject_id=subject[1], facts=facts)])


def close_case(case_id: int, *, why: str) -> bool:
    """Close a case; the actor and the reason stand in its event. False when it was closed already."""
    return bool(state.move(Case, [case_id], to=Case.State.CLOSED, why=why))


INSERT = """
    INSERT INTO ticket_case (state, state_at, opened_at, kind, subject_kind, subject_id, facts)
    SELECT %s, %s, %s, c.* FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::jsonb[]) AS c
    ON CONFLICT (kind, subject_kind, subject_id) WHERE state = 'OPEN' DO NOTHING"""
