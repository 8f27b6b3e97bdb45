"""Quote: what it would cost and do, for which SIMs, valid for a quarter of an hour. An Order in QUOTED."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from xuliu.catalog.models import Offering, PriceList
from xuliu.catalog.periods import NoRunningPeriod, Period, Terms, period_for
from xuliu.catalog.queries import prices_at
from xuliu.common import arrays, clock, stops
from xuliu.common.chunks import in_chunks
from xuliu.common.money import included_tax
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Order
from xuliu.ordering.queries import planned_ends

QUOTE_VALID = timedelta(minutes=15)
LINES_PER_STATEMENT = 5_000
PERIODS_KEPT = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """This offering for this SIM."""

    sim_id: int
    offering_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a wish cannot be quoted: unknown_sim, unknown_offering, not_priced, wrong_carrier, sim_not_in_service,
    account_paused, offering_paused, no_running_period (data within a period, where none runs)."""

    sim_id: int
    offering_id: int
    code: str


class QuoteRefused(Exception):
    """Some wishes cannot be had; nothing was written. Each is named with its reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(f"{len(refusals)} refused, the first: {refusals[0]}" if refusals else "nothing to quote")
        self.refusals = list(refusals)


class _Sim(NamedTuple):
    id: int
    state: str
    period_end_on: date | None
    anchor_day: int | None
    carrier_id: int
    zone: str
    paused_at: datetime | None


class _Line(NamedTuple):
    sim_id: int
    offering_id: int
    list_minor: int
    tax_basis_points: int
    tax_minor: int
    cost_minor: int
    starts_on: date
    ends_on: date


def quote(
    *,
    wishes: Sequence[Wish],
    price_list_id: int,
    channel: str,
    merchant_id: int | None = None,
    is_waited_for: bool = False,
) -> int:
    """Quote these wishes and return the order's id. Raises QuoteRefused with every wish that cannot be had.

    A SIM with a line under way, or twice in the list, gets its period after the one before. One card and 100,000
    take the same number of statements a chunk of 5,000 lines.
    """
    at = clock.now()
    lines = _lines(wishes, price_list_id, at)
    price_list = PriceList.objects.only("currency", "seller_id").get(id=price_list_id)
    with stops.transaction("quote.write"):
        order_id = _insert_order(price_list, lines, at, channel, merchant_id, is_waited_for)
        for start, part in zip(
            range(0, len(lines), LINES_PER_STATEMENT), in_chunks(lines, LINES_PER_STATEMENT), strict=True
        ):
            _insert_lines(order_id, start, part, at)
    return order_id


def _lines(wishes: Sequence[Wish], price_list_id: int, at: datetime) -> list[_Line]:
    sims = _sims([wish.sim_id for wish in wishes])
    offerings = Offering.objects.in_bulk({wish.offering_id for wish in wishes})
    prices = prices_at(offering_ids=list(offerings), price_list_id=price_list_id, at=at)
    refusals = [
        Refusal(sim_id=wish.sim_id, offering_id=wish.offering_id, code=code)
        for wish in wishes
        if (code := _refused(sims.get(wish.sim_id), offerings.get(wish.offering_id), prices))
    ]
    if refusals or not wishes:
        raise QuoteRefused(refusals)
    terms = {offering.id: Terms.of(offering) for offering in offerings.values()}
    ends = planned_ends(list(sims))
    today = {zone: clock.civil_date(at, zone) for zone in {sim.zone for sim in sims.values()}}
    lines, refusals = [], []
    for wish in wishes:
        sim, offering = sims[wish.sim_id], offerings[wish.offering_id]
        try:
            period = _period(terms[offering.id], sim, ends.get(sim.id), today[sim.zone])
        except NoRunningPeriod:
            refusals.append(Refusal(sim_id=sim.id, offering_id=offering.id, code="no_running_period"))
            continue
        ends[sim.id] = period.ends_on
        lines.append(_line(wish, offering, prices[offering.id], period))
    if refusals:
        raise QuoteRefused(refusals)
    return lines


def _sims(ids: Sequence[int]) -> dict[int, _Sim]:
    """The period's end is the carrier's own where it said one: ours may have drifted."""
    sql = """
        SELECT s.id, s.state, coalesce(r.period_end_on, s.period_end_on), s.anchor_day,
            a.carrier_id, a.zone, a.paused_at
        FROM inventory_sim s JOIN carrier_carrieraccount a ON a.id = s.account_id
        LEFT JOIN balance_reading r ON r.sim_id = s.id WHERE s.id = ANY(%s::bigint[])"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(ids),))
        return {row[0]: _Sim(*row) for row in cursor.fetchall()}


def _refused(sim: _Sim | None, offering: Offering | None, prices: dict[int, int]) -> str:
    if sim is None:
        return "unknown_sim"
    if offering is None:
        return "unknown_offering"
    if offering.carrier_id != sim.carrier_id:
        return "wrong_carrier"
    if sim.state in (Sim.State.IN_STOCK, Sim.State.TERMINATED):
        return "sim_not_in_service"
    if sim.paused_at is not None:
        return "account_paused"
    if offering.paused_at is not None:
        return "offering_paused"
    return "" if offering.id in prices else "not_priced"


def _period(terms: Terms, sim: _Sim, planned_end: date | None, today: date) -> Period:
    ends = [end for end in (sim.period_end_on, planned_end) if end is not None]
    return _known_period(terms, max(ends) if ends else None, today, sim.anchor_day)


@lru_cache(maxsize=PERIODS_KEPT)
def _known_period(terms: Terms, period_end_on: date | None, today: date, anchor_day: int | None) -> Period:
    """A fleet's SIMs end on few days: the same sum is done once, not 100,000 times."""
    return period_for(terms, period_end_on=period_end_on, today=today, anchor_day=anchor_day)


def _line(wish: Wish, offering: Offering, amount_minor: int, period: Period) -> _Line:
    tax_minor = included_tax(amount_minor, offering.tax_basis_points)
    return _Line(
        wish.sim_id,
        wish.offering_id,
        amount_minor,
        offering.tax_basis_points,
        tax_minor,
        offering.cost_minor,
        period.starts_on,
        period.ends_on,
    )


def _insert_order(
    price_list: PriceList,
    lines: Sequence[_Line],
    at: datetime,
    channel: str,
    merchant_id: int | None,
    is_waited_for: bool,
) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('ordering_order', 'id'))")
        order_id: int = cursor.fetchone()[0]
    Order.objects.create(
        id=order_id,
        number=f"{at:%y%m%d}-{order_id:08d}",
        seller_id=price_list.seller_id,
        price_list_id=price_list.id,
        merchant_id=merchant_id,
        channel=channel,
        currency=price_list.currency,
        total_minor=sum(line.list_minor for line in lines),
        line_count=len(lines),
        is_waited_for=is_waited_for,
        state_at=at,
        quoted_at=at,
        valid_until=at + QUOTE_VALID,
    )
    return order_id


def _insert_lines(order_id: int, start: int, lines: Sequence[_Line], at: datetime) -> None:
    """One INSERT … SELECT whose joins prove the keys: bulk_create took 3.7 times as long, and keys twice that."""
    sql = """
        INSERT INTO ordering_orderline (order_id, position, sim_id, offering_id, account_id, reference,
            list_minor, price_minor, tax_basis_points, tax_minor, cost_minor, starts_on, ends_on,
            state, state_at, due_at)
        SELECT %s, %s + u.n, s.id, o.id, s.account_id, gen_random_uuid(),
            u.price, u.price, u.rate, u.tax, u.cost, u.starts_on, u.ends_on, 'WAITING', %s, %s
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[],
                    %s::bigint[], %s::bigint[], %s::date[], %s::date[])
            WITH ORDINALITY AS u(sim_id, offering_id, price, rate, tax, cost, starts_on, ends_on, n)
        JOIN inventory_sim s ON s.id = u.sim_id JOIN catalog_offering o ON o.id = u.offering_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (order_id, start, at, at, *(arrays.of(column) for column in zip(*lines, strict=True))))
        if cursor.rowcount != len(lines):
            raise RuntimeError("a SIM or an offering went away while it was quoted")
