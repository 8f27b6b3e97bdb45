"""Readings as evidence, and the predicates over before and after that prove a delivery. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from json import JSONEncoder, loads
from operator import attrgetter
from typing import Any

from xuliu.carrier.contract import ListedPlan, Proof, Reading
from xuliu.common.clock import civil_date
from xuliu.common.dates import add_term
from xuliu.ordering.delivering.reasons import Short


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What one line must change at the carrier. Dates are civil dates in `zone`, the carrier account's."""

    proof: Proof
    plan_code: str
    months: int
    days: int
    size_bytes: int
    anchor_day: int
    zone: str
    carrier_number: str = ""
    times: int = 1  # how often the plan is promised where it is only listed
    starts_next_month: bool = False


def on_top(promise: Promise, others: Sequence[Promise], before: Reading) -> Promise:
    """What readings must show if others were delivered to the same SIM since `before`: all of it together.

    One delivery is not proof of another. If totals restart with a period, they do not include the bytes of a period
    that has not begun.
    """
    together = (promise, *others)
    counted = [one for one in together if one is promise or not _counts_later(one, before)]
    return replace(
        promise,
        months=sum([one.months for one in together]),
        days=sum([one.days for one in together]),
        size_bytes=sum([one.size_bytes for one in counted]),
        times=sum([one.times for one in together if one.plan_code == promise.plan_code]),
    )


def shows_more(own: Promise, others: Sequence[Promise], before: Reading, after: Reading) -> bool:
    """Whether readings show at least one more unit of what was sold than the line and the others account for."""
    if own.proof is Proof.PERIOD_END and not _is_less(_end_due(own, before), after.period_end_on):
        return False  # the usual case: no more than the line itself
    too_much = on_top(own, [*others, own], before)
    if own.starts_next_month:  # up to a month lies between the old period and the new one
        too_much = replace(too_much, months=too_much.months + 1)
    return is_proven(too_much, before, after)


def by_readings(promise: Promise) -> Promise:
    """A proof by readings alone, for an offering whose own proof is the carrier's order query."""
    if promise.proof is not Proof.ORDER_QUERY:
        return promise
    return replace(promise, proof=Proof.PERIOD_END if promise.months or promise.days else Proof.GRANTED_TOTAL)


def filled(before: Reading, known: Reading | None) -> Reading:
    """The reading before, completed by what was known: an end, bytes of the same count, plans."""
    if known is None:
        return before
    is_one_count = known.counted_from == before.counted_from
    end_on = known.period_end_on if before.period_end_on is None else before.period_end_on
    granted = known.granted_bytes if before.granted_bytes is None and is_one_count else before.granted_bytes
    plans = before.plans or known.plans
    if (end_on, granted, plans) == (before.period_end_on, before.granted_bytes, before.plans):
        return before
    return replace(before, period_end_on=end_on, granted_bytes=granted, plans=plans)


def shows_less(reading: Reading, proven: Reading, zone: str) -> Short | None:
    """What a reading shows less of than one that proved a delivery; None if nothing.

    The figures are compared, not the dates: an outdated copy may carry any date. A missing figure is not less, nor are
    bytes of another count, nor a plan that has ended since.
    """
    if _is_less(reading.period_end_on, proven.period_end_on):
        return Short.END
    if reading.counted_from == proven.counted_from and _is_less(reading.granted_bytes, proven.granted_bytes):
        return Short.BYTES
    today, listed = civil_date(reading.as_of, zone), {_identity(plan) for plan in reading.plans}
    running = [plan for plan in proven.plans if plan.ends_on is not None and plan.ends_on > today]
    return Short.PLANS if listed and any(_identity(plan) not in listed for plan in running) else None


def is_proven(promise: Promise, before: Reading, after: Reading) -> bool:
    """Whether these two readings prove that the promise was fulfilled between them.

    ORDER_QUERY is never proven by readings: the carrier's order query proves it.
    """
    predicate = _PREDICATES.get(promise.proof)
    return predicate is not None and not after.refused and predicate(promise, before, after)


def is_news(after: Reading, known_end_on: date | None) -> bool:
    """Whether the end differs from the one known before. If it is the same, the reading before was an old copy, however
    far the end has moved since. An earlier end is news too: the imported one may be wrong."""
    return known_end_on is None or after.period_end_on != known_end_on


def _is_less(one: Any, other: Any) -> bool:
    return one is not None and other is not None and one < other


def _counts_later(promise: Promise, before: Reading) -> bool:
    return before.counted_from is not None and bool(promise.months or promise.days)


def _period_moved(promise: Promise, before: Reading, after: Reading) -> bool:
    return after.period_end_on is not None and after.period_end_on >= _end_due(promise, before)


def _end_due(promise: Promise, before: Reading) -> date:
    """The promised end: counted from the end before or, if that is over or unknown, from the day of sending."""
    today = civil_date(before.as_of, promise.zone)
    start, anchor_day = before.period_end_on, promise.anchor_day
    if start is None or start < today:  # whatever the offering counts from, never before today
        start, anchor_day = today, today.day
    return add_term(start, months=promise.months, days=promise.days, anchor_day=anchor_day)


def _granted_more(promise: Promise, before: Reading, after: Reading) -> bool:
    if before.granted_bytes is None or after.granted_bytes is None or before.counted_from != after.counted_from:
        return False
    return after.granted_bytes >= before.granted_bytes + promise.size_bytes


def _plan_listed(promise: Promise, before: Reading, after: Reading) -> bool:
    had = {_identity(plan) for plan in before.plans}
    new = {_identity(plan) for plan in after.plans if plan.code == promise.plan_code and plan.starts_on is not None}
    return len(new - had) >= promise.times


def _identity(plan: ListedPlan) -> tuple[str, date | None, str]:
    return plan.code, plan.starts_on, plan.number


_PREDICATES: dict[Proof, Callable[[Promise, Reading, Reading], bool]] = {
    Proof.PERIOD_END: _period_moved,
    Proof.GRANTED_TOTAL: _granted_more,
    Proof.PLAN_LISTED: _plan_listed,
}


_FIELDS = tuple(field.name for field in fields(Reading))
_values = attrgetter(*_FIELDS)
_DATES = ("period_end_on", "counted_from")
_as_json = JSONEncoder(default=str).encode


def to_json(reading: Reading) -> str:
    """The reading as JSON text, for a jsonb column. Written by hand: an encoder per reading took twice as long."""
    said = [(name, value) for name, value in zip(_FIELDS, _values(reading), strict=True) if value or value == 0]
    return "{" + ", ".join([f'"{name}": {_written(value)}' for name, value in said]) + "}"


def _written(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):  # or an instant
        return f'"{value}"'
    return _as_json([asdict(plan) for plan in value] if isinstance(value, tuple) else value)


def from_json(stored: dict[str, Any] | str | None) -> Reading | None:
    """The reading that `to_json` stored."""
    said = _said(stored)
    return None if said is None else Reading(**said)


def base_of(
    before: dict[str, Any] | str | None, stands_in: dict[str, Any] | str | None, sent_at: datetime | None
) -> Reading | None:
    """The stored reading before, completed by what stands in, and dated by our sending: a period that is over by then
    counts from that day, whatever date the carrier gives its reading."""
    said = _said(before)
    if said is None:
        return None
    reading = Reading(**{**said, "as_of": sent_at or said["as_of"]})
    return filled(reading, from_json(stands_in))


def _said(stored: dict[str, Any] | str | None) -> dict[str, Any] | None:
    said = loads(stored) if isinstance(stored, str) else stored
    if said is None:
        return None
    read = {**said, "as_of": datetime.fromisoformat(said["as_of"])}
    for name in _DATES:
        if name in said:
            read[name] = _date(said[name])
    if "plans" in said:
        read["plans"] = tuple([_plan(plan) for plan in said["plans"]])
    return read


def _plan(stored: dict[str, Any]) -> ListedPlan:
    dates = {name: _date(stored.get(name)) for name in ("starts_on", "ends_on")}
    return ListedPlan(**{**stored, **dates})


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
