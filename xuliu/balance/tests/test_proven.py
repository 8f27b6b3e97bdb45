"""Of each SIM the latest reading that proved a line is kept, apart from the newest that anybody took."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.make import make_sim
from xuliu.balance.models import ProvenReading
from xuliu.balance.operations import ProvingReading, store_proven
from xuliu.carrier.contract import ListedPlan, Reading

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
PLAN = ListedPlan(code="year", starts_on=date(2026, 3, 1), number="17")


def _proof(sim_id: int, line_id: int, at: datetime, ends_on: date) -> ProvingReading:
    reading = Reading(iccid="1", as_of=at, period_end_on=ends_on, granted_bytes=500, plans=(PLAN,))
    return ProvingReading(sim_id=sim_id, line_id=line_id, reading=reading)


def test_the_latest_reading_of_each_sim_is_kept_whatever_the_order_in_which_they_come() -> None:
    sims = [make_sim().pk, make_sim().pk]
    first, second = date(2027, 1, 1), date(2028, 1, 1)

    store_proven([_proof(sims[0], 2, AT + timedelta(hours=1), second), _proof(sims[0], 1, AT, first)])
    store_proven([_proof(sims[1], 3, AT, first)])
    store_proven([_proof(sims[0], 1, AT, first), _proof(sims[1], 4, AT + timedelta(hours=1), second)])

    kept = ProvenReading.objects.order_by("sim_id").values_list("sim_id", "line_id", "period_end_on")
    assert list(kept) == [(sims[0], 2, second), (sims[1], 4, second)]


def test_bytes_and_plans_are_kept_with_it() -> None:
    sim = make_sim().pk

    store_proven([_proof(sim, 1, AT, date(2027, 1, 1))])

    kept = ProvenReading.objects.get()
    assert kept.granted_bytes == 500
    assert kept.plans == [{"code": "year", "starts_on": "2026-03-01", "ends_on": None, "number": "17"}]
