"""The evidence about one line: what was promised, and the readings before and after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.balance.models import Reading as StoredReading
from xuliu.carrier.contract import Proof, Reading
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.states import CARRIER_STATES
from xuliu.interfaces.wording.terms import PROOFS
from xuliu.ordering.delivering.active_lines import ActiveLine, lines_by_id
from xuliu.ordering.delivering.decide import is_held_back, may_send_again_at
from xuliu.ordering.delivering.evidence import from_json, is_proven
from xuliu.ordering.models import Attempt, OrderLine


@dataclass(frozen=True, kw_only=True)
class FigurePair:
    """One figure before and after. `has_changed`: it differs; `is_the_proof`: it decides."""

    title: Any
    before: str
    after: str
    has_changed: bool
    is_the_proof: bool = False


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a person sees before deciding."""

    promise: str
    rows: list[FigurePair]
    before_as_of: str
    after_as_of: str
    is_proven: bool | None  # None if a reading is missing, or if only the carrier's order query can prove it
    may_send_again_at: datetime
    is_held_back: bool = (
        False  # then "before" is the latest reading that proved a line, and "after" the one compared with it
    )


def evidence_of(line: OrderLine, attempt: Attempt | None, newest: StoredReading | None) -> Evidence:
    """The newest attempt's evidence; without a reading after it, the SIM's newest reading is used. Two queries."""
    under_way = lines_by_id([line.pk])[0]
    if is_held_back(under_way):
        return _held_back(under_way)
    before = from_json(attempt.before) if attempt else None
    after = (from_json(attempt.after) if attempt else None) or _of_stored(line, newest)
    if before and after and after.as_of <= before.as_of:
        after = None  # nobody has asked the carrier since the line was sent
    promise, base = under_way.promise, under_way.base
    can_be_seen = before is not None and after is not None and promise.proof != Proof.ORDER_QUERY
    return Evidence(
        promise=_promised(line, promise.proof),
        rows=_rows(before, after, promise.proof),
        before_as_of=figures.instant(before.as_of) if before else "",
        after_as_of=figures.instant(after.as_of) if after else "",
        is_proven=is_proven(promise, base, after) if can_be_seen and base and after else None,
        may_send_again_at=may_send_again_at(under_way),
    )


def _held_back(line: ActiveLine) -> Evidence:
    proven, said = line.proven or line.looked, line.before
    return Evidence(
        promise=gettext("Held back: what the carrier shows now is less than was proven of this SIM, or too little."),
        rows=_rows(proven, said, line.proof),
        before_as_of=figures.instant(proven.as_of) if proven else "",
        after_as_of=figures.instant(said.as_of) if said else "",
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
    offering = line.offering
    facts = {"day": figures.last_day(line.ends_on), "size": figures.exact_size(offering.size_bytes)}
    return str(PROOFS[proof].promise) % {**facts, "plan": offering.plan_code}


def _rows(before: Reading | None, after: Reading | None, proof: str) -> list[FigurePair]:
    compared: tuple[tuple[Any, Any, str], ...] = (
        (_("Last day served"), lambda r: figures.last_day(r.period_end_on), Proof.PERIOD_END),
        (_("Granted in all"), lambda r: figures.exact_size(r.granted_bytes), Proof.GRANTED_TOTAL),
        (_("Used"), lambda r: figures.exact_size(r.used_bytes), ""),
        (_("Left"), lambda r: figures.exact_size(r.left_bytes), ""),
        (_("Counted since"), lambda r: figures.day(r.counted_from), ""),
        (_("State"), lambda r: CARRIER_STATES.get(r.state, figures.NONE), ""),
        (_("Plans"), _plans, Proof.PLAN_LISTED),
        (_("Blocked because"), lambda r: r.blocked_why or figures.NONE, ""),
    )
    rows = []
    for title, shown, proves in compared:
        was, became = (figures.NONE if reading is None else shown(reading) for reading in (before, after))
        has_changed = before is not None and after is not None and was != became
        if (was, became) != (figures.NONE, figures.NONE):
            row = FigurePair(
                title=title, before=was, after=became, has_changed=has_changed, is_the_proof=proves == proof
            )
            rows.append(row)
    return rows


def _plans(reading: Reading) -> str:
    return ", ".join(f"{plan.code} ({figures.day(plan.starts_on)})" for plan in reading.plans) or figures.NONE
