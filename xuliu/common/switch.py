"""The kill switch: `paused_at` of an account or an offering and why, with an event for who turned it.

`paused_why` is a code, `paused_detail` what a person or somebody outside said."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from xuliu.common import actor, clock
from xuliu.common.reasons import WhyCode


def pause(model: type[models.Model], ids: Sequence[int], *, why: WhyCode, detail: str = "") -> list[int]:
    """Stop what these rows stand for; returns the ids that ran until now. A row paused before keeps its reason."""
    return _turn(model, ids, was="RUNNING", became="PAUSED", why=(why, detail))


def resume(model: type[models.Model], ids: Sequence[int], *, why: WhyCode | None = None, detail: str = "") -> list[int]:
    """Let them run again; returns the ids that were paused."""
    return _turn(model, ids, was="PAUSED", became="RUNNING", why=(why or "", detail))


def _turn(model: type[models.Model], ids: Sequence[int], *, was: str, became: str, why: tuple[str, str]) -> list[int]:
    table, now, doer = connection.ops.quote_name(model._meta.db_table), clock.now(), actor.current()
    is_pause = became == "PAUSED"
    current = "IS NULL" if is_pause else "IS NOT NULL"
    sql = f"""
        WITH held AS (SELECT id FROM {table} WHERE id = ANY(%s) AND paused_at {current} ORDER BY id FOR NO KEY UPDATE),
        turned AS (
            UPDATE {table} t SET paused_at = %s, paused_why = %s, paused_detail = %s
            FROM held WHERE t.id = held.id RETURNING t.id)
        INSERT INTO common_event
            (kind, subject_id, was, became, why_code, detail, actor_kind, actor_id, actor_label, at)
        SELECT %s, id, %s, %s, %s, %s, %s, %s, %s, %s FROM turned RETURNING subject_id"""
    parameters: list[Any] = [list(ids), now if is_pause else None, *(why if is_pause else ("", ""))]
    parameters += [model._meta.model_name, was, became, *why, doer.kind, doer.id, doer.label, now]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
