"""Opening and closing cases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Q

from xuliu.common import clock, state
from xuliu.common.reasons import WhyCode
from xuliu.party.permission import needs
from xuliu.party.rights import Right
from xuliu.ticket.kinds import CaseKind, CaseReason
from xuliu.ticket.models import Case

SAME_FAILURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to be opened: a question of one kind about one subject, with the facts a person needs to decide."""

    kind: CaseKind
    subject_kind: str
    subject_id: int
    facts: Mapping[str, Any] = field(default_factory=dict)


def open_cases(openings: Sequence[NewCase]) -> None:
    """Open cases, in one statement whatever their number. Opening a case of a kind and subject that is already open
    changes nothing."""
    if openings:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, _values(openings))


def open_case(kind: CaseKind, subject: tuple[str, int], facts: Mapping[str, Any]) -> None:
    """Open one case about a subject given as (kind, id)."""
    open_cases([NewCase(kind=kind, subject_kind=subject[0], subject_id=subject[1], facts=facts)])


def keep_cases(openings: Sequence[NewCase], *, kinds: Sequence[CaseKind], quiet_for: timedelta) -> int:
    """Make exactly these cases of these kinds be open: open missing ones, update the others' facts, close those that no
    longer hold. A case that a person closed is opened again only after `quiet_for`. Returns how many were opened or
    closed. Three statements."""
    values = _values(openings)
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [*values, clock.now() - quiet_for])
        opened = len([row for row in cursor.fetchall() if row[0]])
        cursor.execute(OVER, [list(kinds), *values[3:6]])
        over = [row[0] for row in cursor.fetchall()]
    return opened + len(state.move(Case, over, to=Case.State.CLOSED, why=CaseReason.NO_LONGER_SO))


@needs(Right.DECIDE)
def close_case(case_id: int, *, why: WhyCode, detail: str = "") -> bool:
    """Close a case; the actor and the reason stand in its event. False if it was closed already."""
    return bool(state.move(Case, [case_id], to=Case.State.CLOSED, why=why, detail=detail))


def close_cases(*, kind: CaseKind, subjects: Sequence[tuple[str, int]], why: WhyCode) -> list[int]:
    """Close the open cases of that kind about these subjects, each given as (kind, id); returns the cases closed."""
    about = Q()
    for subject_kind, subject_id in subjects:
        about |= Q(subject_kind=subject_kind, subject_id=subject_id)
    found = Case.objects.filter(about, kind=kind, state=Case.State.OPEN) if subjects else Case.objects.none()
    return state.move(Case, sorted(found.values_list("id", flat=True)), to=Case.State.CLOSED, why=why)


def close_answered(*, subject: tuple[str, int], kinds: Sequence[CaseKind], why: WhyCode, detail: str = "") -> list[int]:
    """Close the open cases of these kinds about one subject, because a decision has answered them; its other cases stay
    open. Call inside the decision's transaction; the decision has checked the right. Returns the cases closed."""
    subject_kind, subject_id = subject
    asked = Case.objects.filter(subject_kind=subject_kind, subject_id=subject_id, kind__in=kinds, state=Case.State.OPEN)
    return state.move(Case, sorted(asked.values_list("id", flat=True)), to=Case.State.CLOSED, why=why, detail=detail)


def failed_again(*, subject_kind: str, subject_id: int, what: str) -> int:
    """Count a step's failure over one row; returns how often in a row it has failed this way, within a day.

    SAME_FAILURES of them open a case; counting then restarts, for when a person has it retried.
    """
    with connection.cursor() as cursor:
        cursor.execute(FAILED, [subject_kind, subject_id, what[:200], clock.now(), SAME_FAILURES])
        count: int = cursor.fetchone()[0]
    return count


def _values(openings: Sequence[NewCase]) -> list[Any]:
    """Sorted, so that two writers of the same cases never deadlock."""
    ordered = sorted(openings, key=lambda one: (one.kind, one.subject_kind, one.subject_id))
    return [
        Case.State.OPEN,
        now := clock.now(),
        now,
        [one.kind for one in ordered],
        [one.subject_kind for one in ordered],
        [one.subject_id for one in ordered],
        [json.dumps(one.facts, cls=DjangoJSONEncoder, ensure_ascii=False) for one in ordered],
    ]


GIVEN = """
    INSERT INTO ticket_case AS held (state, state_at, opened_at, kind, subject_kind, subject_id, facts)
    SELECT %s, %s::timestamptz, %s::timestamptz, c.*
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::jsonb[]) AS c(kind, subject_kind, subject_id, facts)"""
ONCE = "ON CONFLICT (kind, subject_kind, subject_id) WHERE state = 'OPEN'"
INSERT = f"{GIVEN} {ONCE} DO NOTHING"
KEEP = f"""{GIVEN}
    WHERE NOT EXISTS (
        SELECT 1 FROM ticket_case closed JOIN common_event e ON e.kind = 'case' AND e.subject_id = closed.id
        WHERE (closed.kind, closed.subject_kind, closed.subject_id) = (c.kind, c.subject_kind, c.subject_id)
            AND closed.state = 'CLOSED' AND e.actor_kind = 'person' AND e.at > %s)
    {ONCE} DO UPDATE SET facts = held.facts || excluded.facts WHERE NOT held.facts @> excluded.facts
    RETURNING xmax = 0"""
OVER = """
    SELECT id FROM ticket_case k WHERE state = 'OPEN' AND kind = ANY(%s) AND NOT EXISTS (
        SELECT 1 FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS c(kind, subject_kind, subject_id)
        WHERE (c.kind, c.subject_kind, c.subject_id) = (k.kind, k.subject_kind, k.subject_id))
    ORDER BY id"""
FAILED = """
    INSERT INTO ticket_failure AS f (subject_kind, subject_id, what, count, at) VALUES (%s, %s, %s, 1, %s)
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET what = excluded.what, at = excluded.at,
        count = CASE WHEN f.what = excluded.what AND f.count < %s AND f.at > excluded.at - interval '1 day'
            THEN f.count + 1 ELSE 1 END
    RETURNING count"""
