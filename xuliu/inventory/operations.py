"""Writes to SIMs for the line."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from xuliu.common import arrays

# The anchor day outlives short months: it stays if a period follows on the one before (28 February goes with 31), and
# is set from the first day if a period starts over, as in `catalog.periods`.
EXTEND = """
    UPDATE inventory_sim s SET
        period_start_on = CASE WHEN s.period_end_on >= u.starts_on THEN coalesce(s.period_start_on, u.starts_on)
                               ELSE u.starts_on END,
        period_end_on = u.ends_on,
        anchor_day = CASE
            WHEN s.period_end_on = u.starts_on AND s.anchor_day IS NOT NULL
                AND least(s.anchor_day, u.month_days) = u.end_day THEN s.anchor_day
            WHEN least(u.start_day, u.month_days) = u.end_day THEN u.start_day
            ELSE u.end_day END
    FROM (
        SELECT sim_id, starts_on, ends_on, extract(day FROM starts_on) AS start_day,
            extract(day FROM ends_on) AS end_day,
            extract(day FROM date_trunc('month', ends_on) + interval '1 month - 1 day') AS month_days
        FROM (SELECT sim_id, min(starts_on) AS starts_on, max(ends_on) AS ends_on
              FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS given(sim_id, starts_on, ends_on)
              GROUP BY sim_id) AS whole) AS u
    WHERE s.id = u.sim_id AND (s.period_end_on IS NULL OR s.period_end_on < u.ends_on)"""


def extend_periods(*, sim_ids: Sequence[int], starts_on: Sequence[date], ends_on: Sequence[date]) -> None:
    """Extend SIMs by the delivered periods, `ends_on` exclusive; an end never moves back. One statement.

    `period_start_on` is the day since which the SIM has been served without a gap.
    """
    with connection.cursor() as cursor:
        cursor.execute(EXTEND, (arrays.integers(sim_ids), arrays.dates(starts_on), arrays.dates(ends_on)))
