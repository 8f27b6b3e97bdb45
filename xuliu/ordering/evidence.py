"""Readings kept as evidence, and the predicates over before and after that prove a delivery. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from json import JSONEncoder, loads
from typing import Any

from xuliu.carrier.contract import ListedPlan, Proof, Reading
from xuliu.common.dates import add_term


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What one line must have changed at the carrier."""

    proof: Proof
    plan_code: str
    months: int
    days: int
    size_bytes: int
    anchor_day: int
    carrier_number: str = ""


def on_top(promise: Promise, others: Sequence[Promise], before: Reading) -> Promise:
    """What readings must show where others were delivered on the same SIM since `before`: all of it together.

    What one brought is not proof of another. A plan that is listed cannot be told apart so: several of one kind
    prove none of them. Where totals begin anew with a period, the bytes of one that is yet to begin are in none.
    """
    if promise.proof is Proof.PLAN_LISTED and any(other.plan_code == promise.plan_code for other in others):
        return replace(promise, proof=Proof.ORDER_QUERY)
    together = (promise, *others)
    return replace(
        promise,
        months=sum(one.months for one in together),
        days=sum(one.days for one in together),
        size_bytes=sum(one.size_bytes for one in together if one is promise or not _counts_later(one, before)),
    )


def _counts_later(promise: Promise, before: Reading) -> bool:
    return before.counted_from is not None and bool(promise.months or promise.days)


def is_proven(promise: Promise, before: Reading, after: Reading) -> bool:
    """Do these two readings prove that what was promised happened between them?

    ORDER_QUERY is never proven by readings: the carrier's order query proves it.
    """
    predicate = _PREDICATES.get(promise.proof)
    return predicate is not None and predicate(promise, before, after)


def _period_moved(promise: Promise, before: Reading, after: Reading) -> bool:
    if after.period_end_on is None:
        return False
    start = before.period_end_on or after.as_of.date()
    if start < before.as_of.date():  # expired: whatever the offering counts from, it is not before today
        start = before.as_of.date()
        return after.period_end_on >= add_term(start, months=promise.months, days=promise.days, anchor_day=start.day)
    due = add_term(start, months=promise.months, days=promise.days, anchor_day=promise.anchor_day)
    return after.period_end_on >= due


def _granted_more(promise: Promise, before: Reading, after: Reading) -> bool:
    if before.granted_bytes is None or after.granted_bytes is None or before.counted_from != after.counted_from:
        return False
    return after.granted_bytes >= before.granted_bytes + promise.size_bytes


def _plan_listed(promise: Promise, before: Reading, after: Reading) -> bool:
    had = {_identity(plan) for plan in before.plans}
    new = [plan for plan in after.plans if plan.code == promise.plan_code and _identity(plan) not in had]
    return any(plan.starts_on is not None for plan in new)


def _identity(plan: ListedPlan) -> tuple[str, date | None, str]:
    return plan.code, plan.starts_on, plan.number


_PREDICATES: dict[Proof, Callable[[Promise, Reading, Reading], bool]] = {
    Proof.PERIOD_END: _period_moved,
    Proof.GRANTED_TOTAL: _granted_more,
    Proof.PLAN_LISTED: _plan_listed,
}


_FIELDS = tuple(field.name for field in fields(Reading))
_as_json = JSONEncoder(default=str).encode


def to_json(reading: Reading) -> str:
    """The reading as JSON text, for a jsonb column. Not by `asdict`, which copies it deeply: ten times the time."""
    said = {name: value for name in _FIELDS if (value := getattr(reading, name)) not in (None, "", ())}
    if reading.plans:
        said["plans"] = [asdict(plan) for plan in reading.plans]
    return _as_json(said)


def from_json(stored: dict[str, Any] | str | None) -> Reading | None:
    """The reading that `to_json` stored."""
    if stored is None:
        return None
    fields = loads(stored) if isinstance(stored, str) else dict(stored)
    fields["as_of"] = datetime.fromisoformat(fields["as_of"])
    for name in ("period_end_on", "counted_from"):
        fields[name] = _date(fields.get(name))
    fields["plans"] = tuple(_plan(plan) for plan in fields.get("plans", ()))
    return Reading(**fields)


def _plan(stored: dict[str, Any]) -> ListedPlan:
    dates = {name: _date(stored.get(name)) for name in ("starts_on", "ends_on")}
    return ListedPlan(**{**stored, **dates})


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
