"""Readings and promises for tests of evidence: nothing of them stands in a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from xuliu.carrier.contract import ListedPlan, Proof, Reading
from xuliu.ordering.delivering.evidence import Promise

SHANGHAI = "Asia/Shanghai"
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)  # noon in Shanghai
JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 1)
YEAR = ListedPlan(code="year", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1))


def reading(**said: Any) -> Reading:
    """A reading of Lin's SIM that says so much."""
    return Reading(iccid="89860400000000000017", **{"as_of": NOON, **said})


def promise(proof: Proof, **terms: Any) -> Promise:
    """A year, or a hundred megabytes, or a plan."""
    known: dict[str, Any] = {
        "plan_code": "year",
        "months": 0 if proof is Proof.GRANTED_TOTAL else 12,
        "days": 0,
        "size_bytes": 100 if proof is Proof.GRANTED_TOTAL else 0,
        "anchor_day": 10,
        "zone": SHANGHAI,
    }
    return Promise(proof=proof, **{**known, **terms})
