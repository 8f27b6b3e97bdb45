"""The overview's figures. Each query reads a bounded number of rows or uses an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Min, Sum

from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import PriceList
from xuliu.inventory.models import Sim
from xuliu.ledger import addresses
from xuliu.ledger.queries import balances
from xuliu.ordering.models import OrderLine
from xuliu.payment.models import ProviderAccount
from xuliu.ticket.queries import open_cases

DAYS = 30
DARK_COUNTED_AT_MOST = 100_000
HEALTH_SPAN = timedelta(hours=1)
# Calls have no index by time; except on the busiest installation, the newest ones cover the last hour.
CALLS_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Darkness:
    """SIMs in service by their first day without service: `by_day` for DAYS; `is_dark` counts those past it."""

    today: date
    by_day: list[tuple[date, int]]
    is_dark: int

    @property
    def within_week(self) -> int:
        """How many go dark within seven days."""
        return sum(count for day, count in self.by_day if day <= self.today + timedelta(days=7))

    @property
    def in_all(self) -> int:
        """How many go dark within DAYS."""
        return sum(count for _, count in self.by_day)


def darkness(today: date) -> Darkness:
    """Two queries over the index of period ends."""
    served = Sim.objects.filter(state=Sim.State.ACTIVE)
    last = today + timedelta(days=DAYS)
    rows = served.filter(period_end_on__gt=today, period_end_on__lte=last).values("period_end_on")
    counts = dict(rows.annotate(count=Count("id")).values_list("period_end_on", "count"))
    days = [today + timedelta(days=1 + number) for number in range(DAYS)]
    return Darkness(
        today=today,
        by_day=[(day, counts.get(day, 0)) for day in days],
        is_dark=served.filter(period_end_on__lte=today).order_by()[:DARK_COUNTED_AT_MOST].count(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Where the money of one currency is, in minor units. The providers hold what payers paid until they settle; the
    other figures say whose it is."""

    currency: str
    with_providers: int
    held: int
    owed_back: int
    suspense: int
    tax: int
    revenue: int
    owed_to_carriers: int


def money() -> list[Money]:
    """One balance per ledger address, counted from its checkpoint. Three queries, plus one per currency."""
    providers = list(ProviderAccount.objects.values_list("id", flat=True))
    carriers = list(CarrierAccount.objects.values_list("id", flat=True))
    currencies = sorted(set(PriceList.objects.values_list("currency", flat=True)))
    held = _held()
    return [_money(currency, providers, carriers, held.get(currency, 0)) for currency in currencies]


def _money(currency: str, providers: Sequence[int], carriers: Sequence[int], held: int) -> Money:
    receivable = [addresses.provider_receivable(account) for account in providers]
    owed_back = [addresses.refund_payable(account) for account in providers]
    payable = [addresses.carrier_payable(account) for account in carriers]
    single = [addresses.SUSPENSE, addresses.VAT_PAYABLE, addresses.REVENUE_DATA]
    found = balances([*receivable, *owed_back, *payable, *single], currency)
    return Money(
        currency=currency,
        with_providers=-sum(found[address] for address in receivable),
        held=held,
        owed_back=sum(found[address] for address in owed_back),
        suspense=found[addresses.SUSPENSE],
        tax=found[addresses.VAT_PAYABLE],
        revenue=found[addresses.REVENUE_DATA],
        owed_to_carriers=-sum(found[address] for address in payable),
    )


def _held() -> dict[str, int]:
    """The balance of all orders' own addresses: the price of the paid lines that have not ended."""
    lines = OrderLine.objects.filter(state__in=[state for state in OrderLine.OPEN if state != OrderLine.State.WAITING])
    return dict(lines.values("order__currency").annotate(sum=Sum("price_minor")).values_list("order__currency", "sum"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One carrier account in the last hour."""

    account: CarrierAccount
    reads: int
    reads_failed: int
    changes: int
    changes_failed: int
    slowest_ms: int
    ready: int
    aloft: int


def carriers_health(now: datetime) -> list[Health]:
    """Every account, in three queries."""
    accounts = list(CarrierAccount.objects.select_related("carrier").order_by("code"))
    ids = [account.pk for account in accounts]
    parameters = {"ids": ids, "since": now - HEALTH_SPAN, "most": CALLS_LOOKED_AT}
    reads, calls, lines = (_by_account(sql, parameters) for sql in (READS, CALLS, LINES))
    return [
        Health(
            account=account,
            reads=reads[account.pk][0],
            reads_failed=reads[account.pk][1],
            changes=calls[account.pk][0],
            changes_failed=calls[account.pk][1],
            slowest_ms=calls[account.pk][2],
            ready=lines[account.pk][0],
            aloft=lines[account.pk][1],
        )
        for account in accounts
    ]


def _by_account(sql: str, parameters: Mapping[str, Any]) -> dict[int, tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


class CaseCount(NamedTuple):
    """Open cases of a kind."""

    kind: str
    number: int
    oldest_at: datetime


def cases() -> list[CaseCount]:
    """Open cases by kind, the longest waiting first."""
    rows = open_cases().order_by().values("kind").annotate(count=Count("id"), oldest=Min("opened_at"))
    return [CaseCount(*row) for row in rows.order_by("oldest").values_list("kind", "count", "oldest")]


READS = """
    SELECT a, COALESCE(sum(made), 0)::int, COALESCE(sum(failed), 0)::int FROM unnest(%(ids)s::bigint[]) AS a
    LEFT JOIN carrier_readcount ON account_id = a AND minute > %(since)s GROUP BY a"""
CALLS = """
    SELECT a, count(c.id)::int, count(c.id) FILTER (WHERE failure <> '')::int, COALESCE(max(took_ms), 0)
    FROM unnest(%(ids)s::bigint[]) AS a LEFT JOIN (
        SELECT * FROM (SELECT * FROM carrier_call ORDER BY id DESC LIMIT %(most)s) AS newest
        WHERE is_change AND started_at > %(since)s) AS c ON c.account_id = a
    GROUP BY a"""
LINES = """
    SELECT a,
        (SELECT count(*)::int FROM ordering_orderline WHERE account_id = a AND state = 'READY' AND NOT is_set_aside),
        (SELECT count(*)::int FROM ordering_flight WHERE account_id = a)
    FROM unnest(%(ids)s::bigint[]) AS a"""
