"""Writes to SIMs that the line asks for."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

EXTEND = """
    UPDATE inventory_sim s SET
        period_start_on = CASE WHEN s.period_end_on IS NULL OR s.period_end_on < u.starts_on
                               THEN u.starts_on ELSE COALESCE(s.period_start_on, u.starts_on) END,
        period_end_on = GREATEST(s.period_end_on, u.ends_on),
        anchor_day = CASE WHEN LEAST(s.anchor_day, u.days_in_month) = u.end_day THEN s.anchor_day ELSE u.end_day END
    FROM (
        SELECT sim_id, min(starts_on) AS starts_on, max(ends_on) AS ends_on, extract(day FROM max(ends_on))::int AS end_day,
            extract(day FROM date_trunc('month', max(ends_on)) + interval '1 month - 1 day')::int AS days_in_month
        FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS given(sim_id, starts_on, ends_on) GROUP BY sim_id) AS u
    WHERE s.id = u.sim_id AND (s.period_end_on IS NULL OR s.period_end_on <= u.ends_on)"""


def extend_periods(*, sim_ids: Sequence[int], starts_on: Sequence[date], ends_on: Sequence[date]) -> None:
    """Give SIMs the periods that were delivered, `ends_on` exclusive; an end never moves backward. One statement.

    The anchor day stays where it can have led to the new end (28 February goes with 31), else it is the end's day.
    """
    with connection.cursor() as cursor:
        cursor.execute(EXTEND, (list(sim_ids), list(starts_on), list(ends_on)))
