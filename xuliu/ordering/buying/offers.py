"""Offers: what SIMs can have, for how much, until when. Whatever shows or charges a price asks here.

A period counts from the carrier's latest end, unless a delivery proven since reaches further; without a carrier's end,
from ours. Renewals under way come first.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from xuliu.catalog.periods import NoRunningPeriod, Period, Terms, period_for
from xuliu.catalog.queries import PricedOffering, prices_at, prices_of
from xuliu.common import arrays, clock
from xuliu.common.money import included_tax
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.refusals import RefusalCode

PERIODS_KEPT = 4_096
# Refusals based on the carrier's latest reading, which is worth refreshing.
SAID_BY_CARRIER = (RefusalCode.SIM_NOT_SERVED, RefusalCode.SIM_UNKNOWN_AT_CARRIER, RefusalCode.SIM_BLOCKED)


class Offer(NamedTuple):
    """One offering for one SIM: its price, the tax within it, and its period (`ends_on` exclusive)."""

    sim_id: int
    offering: PricedOffering
    amount_minor: int
    tax_minor: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a SIM cannot have an offering."""

    sim_id: int
    offering_id: int
    code: RefusalCode


@dataclass(slots=True, kw_only=True)
class SimOffers:
    """What one SIM can have. It is served until `ends_on` (exclusive; None: unknown), not counting renewals under way.
    `sold` is everything sold to its carrier's SIMs; each is in `offers` or in `refusals`."""

    sim_id: int
    ends_on: date | None
    sold: list[PricedOffering]
    offers: list[Offer] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def offers(*, sim_ids: Sequence[int], price_list_id: int | None, at: datetime) -> dict[int, SimOffers]:
    """What each of these SIMs can have on the list, without unknown ids; without a list nothing is sold.

    Three statements, however many SIMs.
    """
    sims = _sims(sim_ids)
    carrier_ids = {sim.carrier_id for sim in sims.values()}
    prices = prices_of(carrier_ids=sorted(carrier_ids), price_list_id=price_list_id, at=at) if price_list_id else []
    sold = {carrier: [one for one in prices if one.carrier_id == carrier] for carrier in carrier_ids}
    ends, today = _ends(sims), _today(sims.values(), at)
    found = {}
    for sim in sims.values():
        end = ends[sim.id]
        found[sim.id] = each = SimOffers(sim_id=sim.id, ends_on=end.present, sold=sold[sim.carrier_id])
        for offering in each.sold:
            _sort_in(each, _answer(sim.id, offering.id, sim, offering, end.after_all, today[sim.zone]))
    return found


def answers(asked: Sequence[tuple[int, int]], *, price_list_id: int, at: datetime) -> tuple[list[Offer], list[Refusal]]:
    """An offer or a refusal for each of these pairs of SIM and offering, in their order.

    A SIM that appears twice gets its second period after its first. Three statements, however many pairs.
    """
    sims = _sims({sim_id for sim_id, _ in asked})
    offerings = prices_at(offering_ids=[offering_id for _, offering_id in asked], price_list_id=price_list_id, at=at)
    after_all = {sim_id: end.after_all for sim_id, end in _ends(sims).items()}
    today = _today(sims.values(), at)
    granted, refused = [], []
    for sim_id, offering_id in asked:
        sim = sims.get(sim_id)
        answer = _answer(
            sim_id,
            offering_id,
            sim,
            offerings.get(offering_id),
            after_all.get(sim_id),
            today[sim.zone] if sim else date.min,
        )
        if isinstance(answer, Refusal):
            refused.append(answer)
        else:
            granted.append(answer)
            after_all[sim_id] = answer.ends_on
    return granted, refused


def _sort_in(sim: SimOffers, answer: Offer | Refusal) -> None:
    if isinstance(answer, Refusal):
        sim.refusals.append(answer)
    else:
        sim.offers.append(answer)


class _Sim(NamedTuple):
    """What we and the carrier know of a SIM."""

    id: int
    state: str
    own_end_on: date | None
    anchor_day: int | None
    carrier_id: int
    zone: str
    paused_at: datetime | None
    said_end_on: date | None
    said_state: str
    is_unknown: bool
    is_blocked: bool
    proven_end_on: date | None


class _End(NamedTuple):
    """Until when a SIM is served, and until when it will be once everything under way is delivered."""

    present: date | None
    after_all: date | None


def _sims(ids: Collection[int]) -> dict[int, _Sim]:
    sql = """
        SELECT s.id, s.state, s.period_end_on, s.anchor_day, a.carrier_id, a.zone, a.paused_at,
            r.period_end_on, upper(coalesce(r.carrier_state, '')), coalesce(r.refused, '') <> '',
            coalesce(r.blocked_why, '') <> '', p.period_end_on
        FROM inventory_sim s JOIN carrier_carrieraccount a ON a.id = s.account_id
        LEFT JOIN balance_reading r ON r.sim_id = s.id LEFT JOIN balance_provenreading p ON p.sim_id = s.id
        WHERE s.id = ANY(%s::bigint[])"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(sorted(ids)),))
        return {row[0]: _Sim(*row) for row in cursor.fetchall()}


def _ends(sims: dict[int, _Sim]) -> dict[int, _End]:
    """Added data moves no end, so that an add-on bought after a renewal cannot stand for it if it is refused."""
    sql = """
        SELECT sim_id, max(ends_on) FILTER (WHERE is_proven), max(ends_on) FILTER (WHERE NOT is_proven) FROM (
            SELECT l.sim_id, l.offering_id, l.ends_on, false AS is_proven FROM ordering_orderline l
            WHERE l.sim_id = ANY(%(ids)s::bigint[])
                AND l.state IN ('READY', 'SUBMITTING', 'ACCEPTED', 'VERIFYING', 'UNKNOWN', 'DISPUTED')
            UNION ALL
            SELECT b.sim_id, l.offering_id, b.ends_on, true FROM balance_bucket b
            JOIN balance_reading r ON r.sim_id = b.sim_id
            JOIN ordering_orderline l ON l.id = b.line_id AND l.state = 'COMPLETED' AND l.state_at > r.as_of
            WHERE b.sim_id = ANY(%(ids)s::bigint[])) AS line
        JOIN catalog_offering o ON o.id = line.offering_id AND o.kind = 'renewal'
        GROUP BY sim_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ids": arrays.integers(sorted(sims))})
        found = {sim_id: (proven, planned) for sim_id, proven, planned in cursor.fetchall()}
    return {sim.id: _end(sim, *found.get(sim.id, (None, None))) for sim in sims.values()}


def _end(sim: _Sim, delivered_end_on: date | None, planned_end_on: date | None) -> _End:
    """A reading that shows less than one that proved a delivery is an outdated copy, whatever its date: nothing is sent
    on it (ADR 0013), and no period counts from it."""
    said = _later(sim.said_end_on, sim.proven_end_on)
    present = _later(said, delivered_end_on) if said else sim.own_end_on
    return _End(present, _later(present, planned_end_on))


def _later(one: date | None, other: date | None) -> date | None:
    return max(one, other) if one and other else one or other


def _today(sims: Iterable[_Sim], at: datetime) -> dict[str, date]:
    return {zone: clock.civil_date(at, zone) for zone in {sim.zone for sim in sims}}


def _answer(
    sim_id: int,
    offering_id: int,
    sim: _Sim | None,
    offering: PricedOffering | None,
    end_on: date | None,
    today: date,
) -> Offer | Refusal:
    if sim is None:
        return Refusal(sim_id=sim_id, offering_id=offering_id, code=RefusalCode.UNKNOWN_SIM)
    if offering is None:
        return Refusal(sim_id=sim_id, offering_id=offering_id, code=RefusalCode.UNKNOWN_OFFERING)
    if code := _refused(sim, offering):
        return Refusal(sim_id=sim_id, offering_id=offering_id, code=code)
    try:
        period = _period(offering.terms, end_on, today, sim.anchor_day)
    except NoRunningPeriod:
        return Refusal(sim_id=sim_id, offering_id=offering_id, code=RefusalCode.NO_RUNNING_PERIOD)
    amount_minor = offering.amount_minor or 0
    tax_minor = included_tax(amount_minor, offering.tax_basis_points)
    return Offer(sim_id, offering, amount_minor, tax_minor, period.starts_on, period.ends_on)


def _refused(sim: _Sim, offering: PricedOffering) -> RefusalCode | None:
    if offering.carrier_id != sim.carrier_id:
        return RefusalCode.WRONG_CARRIER
    if sim.state in (Sim.State.IN_STOCK, Sim.State.TERMINATED) or sim.said_state == Sim.State.TERMINATED:
        return RefusalCode.SIM_NOT_SERVED
    if sim.is_unknown:
        return RefusalCode.SIM_UNKNOWN_AT_CARRIER
    if sim.is_blocked:
        return RefusalCode.SIM_BLOCKED
    if sim.paused_at is not None:
        return RefusalCode.ACCOUNT_PAUSED
    if offering.paused_at is not None:
        return RefusalCode.OFFERING_PAUSED
    return RefusalCode.NOT_PRICED if offering.amount_minor is None else None


@lru_cache(maxsize=PERIODS_KEPT)
def _period(terms: Terms, end_on: date | None, today: date, anchor_day: int | None) -> Period:
    """Cached: a fleet's SIMs end on few days, so the same period is computed once, not 100,000 times."""
    return period_for(terms, period_end_on=end_on, today=today, anchor_day=anchor_day)
