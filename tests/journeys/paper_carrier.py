"""A thousand lines at a carrier on paper, paid for by notices that we write: what tests of chunks stand on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from tests import make
from tests.world import World, make_our_sims
from xuliu.carrier import connectors
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering
from xuliu.common import clock
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, Order
from xuliu.payment.models import Notice, Payment

DROPPED = Path(__file__).parent / "dropped" / "connectors"
MODULE = f"{connectors.__name__}.paper"


@contextmanager
def dropped_in() -> Iterator[None]:
    """The file lies in the folder of connectors while this lasts, its books empty again afterwards."""
    before = list(connectors.__path__)
    connectors.__path__ = [*before, str(DROPPED)]
    try:
        yield
    finally:
        connectors.__path__ = before
        if MODULE in sys.modules:
            sys.modules[MODULE].BOOKS = sys.modules[MODULE].Books()


@dataclass(frozen=True)
class Paper:
    """The carrier, our account there and what it sells."""

    world: World
    account: CarrierAccount
    offering: Offering

    @property
    def books(self) -> Any:
        """What the carrier knows; see dropped/connectors/paper.py."""
        return sys.modules[MODULE].BOOKS


def make_paper(world: World) -> Paper:
    """The carrier in the world, with one renewal of a year for 36 yuan."""
    carrier = make.make_carrier("paper")
    account = make.make_account(carrier, {"base_url": make.NOWHERE}, code="paper", connector="paper", is_sandbox=True)
    world.accounts["paper"] = account
    offering = make.make_offering(carrier, code="paper-12", plan_code="12", cost_minor=1500)
    make.make_price(offering, world.price_list, 3600)
    return Paper(world, account, offering)


def make_paper_sims(paper: Paper, count: int) -> list[Sim]:
    """SIMs in service."""
    sims = make_our_sims(paper.world, "paper", count, first=len(paper.books.ends_on) + 1)
    paper.books.ends_on.update({sim.iccid: sim.period_end_on for sim in sims})
    return sims


def make_quote(paper: Paper, sims: Sequence[Sim]) -> Order:
    """One order for these SIMs, quoted."""
    selections = [Selection(sim_id=sim.pk, offering_id=paper.offering.pk) for sim in sims]
    return Order.objects.get(
        id=quote(selections=selections, price_list_id=paper.world.price_list.pk, channel=Channel.COMMAND)
    )


def make_orders(paper: Paper, count: int) -> list[Order]:
    """So many orders of one SIM each, placed: the first as a payer does, the others copied from it in SQL."""
    sims = make_paper_sims(paper, count)
    first = make_quote(paper, sims[:1])
    place(order_id=first.pk, way="native")
    with connection.cursor() as cursor:
        for statement in COPIES:
            cursor.execute(statement, {"first": first.pk, "sims": [sim.pk for sim in sims[1:]]})
    return list(Order.objects.filter(id__gte=first.pk).order_by("id"))


def pay(orders: Sequence[Order]) -> None:
    """The notices that these orders' payments succeeded, as an active query would have stored them."""
    at = clock.now()
    payments = Payment.objects.filter(order_id__in=[order.pk for order in orders]).order_by("id")
    Notice.objects.bulk_create(
        Notice(
            account_id=payment.account_id, notice_id=f"asked:{payment.reference}", subject="payment", is_pushed=False,
            body=_said(payment), received_at=at, state_at=at,
        )
        for payment in payments
    )  # fmt: skip


def _said(payment: Payment) -> bytes:
    return json.dumps(
        {
            "out_trade_no": payment.reference,
            "trade_state": "SUCCESS",
            "transaction_id": f"42{payment.pk}",
            "success_time": (clock.now() - timedelta(seconds=1)).isoformat(),
            "amount": {"total": payment.amount_minor, "currency": payment.currency},
        }
    ).encode()


_ORDER = """seller_id, price_list_id, channel, currency, total_minor, line_count, is_waited_for, state, state_at,
    quoted_at, valid_until"""
_LINE = """position, offering_id, account_id, list_minor, price_minor, tax_basis_points, tax_minor, cost_minor,
    starts_on, ends_on, state, state_at, due_at"""
_PAYMENT = "account_id, way, description, amount_minor, currency, state, state_at, opened_at, expires_at, due_at"
_COPIED = "(SELECT id AS order_id, row_number() OVER (ORDER BY id) AS n FROM ordering_order WHERE id > %(first)s) AS o"
COPIES = (
    f"""INSERT INTO ordering_order (code, number, {_ORDER}) SELECT left(md5(n::text), 26), 'C-' || n, {_ORDER}
        FROM ordering_order, generate_series(1, cardinality(%(sims)s::bigint[])) AS n WHERE id = %(first)s""",  # noqa: S608  # constants
    f"""INSERT INTO ordering_orderline (order_id, sim_id, reference, {_LINE})
        SELECT order_id, sim_id, gen_random_uuid(), {_LINE}
        FROM (SELECT {_LINE} FROM ordering_orderline WHERE order_id = %(first)s) AS line,
            {_COPIED} JOIN unnest(%(sims)s::bigint[]) WITH ORDINALITY AS s(sim_id, n) USING (n)""",  # noqa: S608  # constants
    f"""INSERT INTO payment_payment (reference, order_id, {_PAYMENT}) SELECT md5(order_id::text), order_id, {_PAYMENT}
        FROM (SELECT {_PAYMENT} FROM payment_payment WHERE order_id = %(first)s) AS payment, {_COPIED}""",  # noqa: S608  # constants
)
