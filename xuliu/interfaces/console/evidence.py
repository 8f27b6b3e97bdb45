"""The evidence about one line: what was promised, the readings before and after, what the carrier was asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.balance.models import Reading as StoredReading
from xuliu.carrier.contract import Proof, Reading
from xuliu.common.columns import NONE, day_text, instant_text, size_text
from xuliu.inventory.admin import CARRIER_STATES
from xuliu.ordering.decide import is_held_back, may_send_again_at
from xuliu.ordering.evidence import from_json, is_proven
from xuliu.ordering.models import Attempt, OrderLine
from xuliu.ordering.underway import Underway, lines_by_id

OUTCOMES = {
    "done": (_("The carrier says: done"), "well"),
    "accepted": (_("The carrier says: accepted"), "plain"),
    "rejected": (_("The carrier refuses"), "dark"),
    "not_sent": (_("Certainly not sent"), "plain"),
    "unknown": (_("No usable answer"), "soon"),
    "not_found": (_("The carrier knows nothing of it"), "plain"),
    "": (_("No answer yet"), "soon"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure before and after; `has_changed` marks what moved, `is_the_proof` what decides."""

    title: Any
    before: str
    after: str
    has_changed: bool
    is_the_proof: bool = False


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a person sees before they decide."""

    promise: str
    rows: list[Row]
    before_as_of: str
    after_as_of: str
    is_proven: bool | None  # None where a reading is missing, or where only the carrier's order query can prove it
    may_send_again_at: datetime
    is_held_back: bool = (
        False  # then "before" is the latest reading that proved a line, "after" the one held against it
    )


def evidence_of(line: OrderLine, attempt: Attempt | None, newest: StoredReading | None) -> Evidence:
    """Reads the newest attempt and, where it has no reading after, the SIM's newest one. Two queries."""
    under_way = lines_by_id([line.pk])[0]
    if is_held_back(under_way):
        return _held_back(under_way)
    before = from_json(attempt.before) if attempt else None
    after = (from_json(attempt.after) if attempt else None) or _of_stored(line, newest)
    if before and after and after.as_of <= before.as_of:
        after = None  # nobody has asked since it was sent
    promise, base = under_way.promise, under_way.base
    can_be_seen = before is not None and after is not None and promise.proof != Proof.ORDER_QUERY
    return Evidence(
        promise=_promised(line, promise.proof),
        rows=_rows(before, after, promise.proof),
        before_as_of=instant_text(before.as_of) if before else "",
        after_as_of=instant_text(after.as_of) if after else "",
        is_proven=is_proven(promise, base, after) if can_be_seen and base and after else None,
        may_send_again_at=may_send_again_at(under_way),
    )


def _held_back(line: Underway) -> Evidence:
    proven, said = line.proven or line.looked, line.before
    return Evidence(
        promise=gettext("Held back: what the carrier shows now is less than was proven of this SIM, or too little."),
        rows=_rows(proven, said, line.proof),
        before_as_of=instant_text(proven.as_of) if proven else "",
        after_as_of=instant_text(said.as_of) if said else "",
        is_proven=None,
        may_send_again_at=may_send_again_at(line),
        is_held_back=True,
    )


def _of_stored(line: OrderLine, stored: StoredReading | None) -> Reading | None:
    if stored is None or stored.as_of is None:
        return None
    return Reading(
        iccid=line.sim.iccid,
        as_of=stored.as_of,
        state=stored.carrier_state,
        period_end_on=stored.period_end_on,
        granted_bytes=stored.granted_bytes,
        used_bytes=stored.used_bytes,
        left_bytes=stored.left_bytes,
        counted_from=stored.counted_from,
        imei=stored.imei,
        blocked_why=stored.blocked_why,
    )


def _promised(line: OrderLine, proof: str) -> str:
    day, size = day_text(line.ends_on, is_exclusive_end=True), size_text(line.offering.size_bytes)
    return {
        Proof.PERIOD_END: gettext("Delivered when the period's last day is %(day)s or later.") % {"day": day},
        Proof.GRANTED_TOTAL: gettext("Delivered when %(size)s more are granted than before.") % {"size": size},
        Proof.PLAN_LISTED: gettext("Delivered when the plan %(plan)s is listed with its start.")
        % {"plan": line.offering.plan_code},
        Proof.ORDER_QUERY: gettext("Delivered when the carrier's order query says so."),
    }[Proof(proof)]


def _rows(before: Reading | None, after: Reading | None, proof: str) -> list[Row]:
    figures: tuple[tuple[Any, Any, str], ...] = (
        (_("Last day served"), lambda r: day_text(r.period_end_on, is_exclusive_end=True), Proof.PERIOD_END),
        (_("Granted in all"), lambda r: size_text(r.granted_bytes), Proof.GRANTED_TOTAL),
        (_("Used"), lambda r: size_text(r.used_bytes), ""),
        (_("Left"), lambda r: size_text(r.left_bytes), ""),
        (_("Counted since"), lambda r: day_text(r.counted_from), ""),
        (_("State"), lambda r: CARRIER_STATES.get(r.state, NONE), ""),
        (_("Plans"), _plans, Proof.PLAN_LISTED),
        (_("Blocked because"), lambda r: r.blocked_why or NONE, ""),
    )
    rows = []
    for title, shown, proves in figures:
        was, became = (NONE if reading is None else shown(reading) for reading in (before, after))
        has_changed = before is not None and after is not None and was != became
        if (was, became) != (NONE, NONE):
            row = Row(title=title, before=was, after=became, has_changed=has_changed, is_the_proof=proves == proof)
            rows.append(row)
    return rows


def _plans(reading: Reading) -> str:
    return ", ".join(f"{plan.code} ({day_text(plan.starts_on)})" for plan in reading.plans) or NONE
