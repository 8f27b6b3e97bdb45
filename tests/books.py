"""After every test: the books must agree, ours with each other and with the provider's and the carriers'."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import connection

from tests.world import PREFIXES, World
from xuliu.common import clock
from xuliu.ordering.models import Flight, Order, OrderLine

END_STATES = {"COMPLETED", "REJECTED", "DROPPED", "REVERSED"}

# For every order: what was paid, what left it, and the prices of its lines that are open and of those that ended.
ORDERS = """
    SELECT order_id, paid, released, open_minor, gone_minor
    FROM (SELECT order_id,
            COALESCE(sum(amount_minor) FILTER (WHERE destination = 'order:' || order_id || ':held'), 0) AS paid,
            COALESCE(sum(amount_minor) FILTER (WHERE source = 'order:' || order_id || ':held'), 0) AS released
          FROM ledger_posting WHERE order_id IS NOT NULL GROUP BY order_id) AS posted
    JOIN (SELECT order_id, COALESCE(sum(price_minor) FILTER (WHERE state <> ALL(%s)), 0) AS open_minor,
            COALESCE(sum(price_minor) FILTER (WHERE state IN ('COMPLETED', 'REJECTED', 'REVERSED')), 0) AS gone_minor
          FROM ordering_orderline GROUP BY order_id) AS sold USING (order_id)"""


def check_books(world: World, *, is_at_rest: bool = True) -> None:
    """Every equation of money and delivery. `is_at_rest`: nothing more is coming."""
    check_own_books()
    _check_provider(world, is_at_rest=is_at_rest)
    _check_carriers(world, is_at_rest=is_at_rest)
    if is_at_rest:
        _check_nothing_forgotten()


def check_own_books() -> None:
    """What our own books must agree on, whatever provider and carriers say."""
    _check_orders()
    _check_releases()


def _rows(sql: str, *values: str | int | list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _check_orders() -> None:
    """Paid = held + revenue + refunded, order by order; and what is held belongs to lines that are still open."""
    for order_id, paid, released, open_minor, gone_minor in _rows(ORDERS, sorted(END_STATES)):
        if paid:
            assert paid == open_minor + gone_minor, f"order {order_id}: paid {paid}, lines {open_minor} + {gone_minor}"
        assert released == (gone_minor if paid else 0), f"order {order_id}: released {released}, ended {gone_minor}"


def _check_releases() -> None:
    """A line is released at most once, and exactly once when it has ended."""
    twice = _rows(
        "SELECT line_id, count(*) FROM ledger_posting WHERE reference LIKE 'line:%%:release' "
        "GROUP BY line_id HAVING count(*) > 1"
    )
    assert not twice, f"released twice: {twice}"


def _check_provider(world: World, *, is_at_rest: bool) -> None:
    """What we say the provider took in and gave back is what it says."""
    ours: dict[str, int] = dict(
        _rows(
            """SELECT currency, sum(amount_minor) FROM ledger_posting WHERE source = %s GROUP BY currency""",
            f"provider:{world.provider.pk}:receivable",
        )
    )
    books = world.sandbox.control.books()["providers"]["wechatpay"]
    theirs = {currency: amount for currency, amount in books["paid_minor"].items() if amount}
    if is_at_rest:
        assert {c: int(a) for c, a in ours.items()} == theirs, f"taken in: ours {ours}, provider's {theirs}"
        (back,) = _rows(
            "SELECT COALESCE(sum(amount_minor), 0)::bigint FROM ledger_posting WHERE destination = %s",
            f"provider:{world.provider.pk}:receivable",
        )[0]
        assert back == sum(books["refunded_minor"].values()), f"given back: ours {back}, provider's {books}"
    refunded = Counter(refund["payment"] for refund in books["refunds"])
    for reference, sums in books["by_reference"].items():
        assert sums["refunded_minor"] <= sums["paid_minor"], f"{reference} refunded {refunded[reference]} times"


def _check_carriers(world: World, *, is_at_rest: bool) -> None:
    """Every delivered line is one effect at the carrier, and no SIM had more effects than lines that may have sent."""
    for code, account in world.accounts.items():
        effects = Counter(e["iccid"] for e in world.sandbox.control.books()["carriers"][code]["effects"])
        effects += Counter({i: n for i, n in world.by_hand.items() if i.startswith(PREFIXES[code])})
        lines = OrderLine.objects.filter(account=account).select_related("sim")
        said = _by_the_carriers_word(account.pk)
        delivered = Counter(line.sim.iccid for line in lines if line.state == "COMPLETED")
        seen = Counter(line.sim.iccid for line in lines if line.state == "COMPLETED" and line.pk not in said)
        for iccid, count in seen.items():
            assert effects[iccid] >= count, f"{iccid}: {count} lines completed, {effects[iccid]} effects"
        sent = Counter(line.sim.iccid for line in lines if line.attempt)
        sent += Counter(line.sim.iccid for line in lines if line.pk in _told("delivered_more_than_sold", account.pk))
        for iccid, count in effects.items():
            assert count <= sent[iccid], f"{iccid}: {count} effects, {sent[iccid]} lines sent"
        if is_at_rest:
            in_doubt = sum(line.state == "DISPUTED" for line in lines)
            told = [_told(kind, account.pk) for kind in ("delivered_after_refusal", "delivered_more_than_sold")]
            unexplained = sum(effects.values()) - sum(delivered.values()) - sum(map(len, told))
            assert -len(said) <= unexplained <= in_doubt, f"{code}: {effects} effects, {delivered} delivered"


def _told(kind: str, account_id: int) -> set[int]:
    """The lines of which a case of that kind tells."""
    rows = _rows(
        """SELECT l.id FROM ordering_orderline l JOIN ticket_case c ON c.subject_id = l.id
           WHERE c.subject_kind = 'orderline' AND c.kind = %s AND l.account_id = %s""",
        kind,
        account_id,
    )
    return {row[0] for row in rows}


def _by_the_carriers_word(account_id: int) -> set[int]:
    """The lines that were completed because the carrier's order query said so; a lying one may say so of anything."""
    rows = _rows("SELECT line_id FROM ordering_attempt WHERE proof = 'order_query' AND account_id = %s", account_id)
    return {row[0] for row in rows}


def _check_nothing_forgotten() -> None:
    """No line without an end that has none coming: what is open is disputed, set aside or overdue, with a case."""
    open_lines = OrderLine.objects.exclude(state__in=END_STATES)
    unpaid = open_lines.filter(order__state__in=(Order.State.QUOTED, Order.State.AWAITING_PAYMENT))
    untold = untold_lines(timedelta(0))
    stuck = open_lines.filter(id__in=untold).exclude(id__in=unpaid.values("id"))
    assert not stuck.exists(), f"forgotten: {list(stuck.values_list('id', 'state'))}"
    flying = Flight.objects.exclude(line_id__in=open_lines.exclude(id__in=untold).values("id"))
    assert not flying.exists(), f"still in flight: {list(flying.values())}"


def untold_lines(patience: timedelta) -> list[int]:
    """Lines paid longer ago that have no end, and of which no case tells: their own, their account's, their offering's,
    or that of the line which their card waits for."""
    sql = """
        SELECT l.id FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        LEFT JOIN ordering_flight f ON f.sim_id = l.sim_id
        WHERE l.state NOT IN ('COMPLETED', 'REJECTED', 'DROPPED', 'REVERSED') AND o.paid_at <= %s AND NOT EXISTS (
            SELECT 1 FROM ticket_case c WHERE c.state = 'OPEN' AND (
                c.subject_kind = 'orderline' AND c.subject_id IN (l.id, f.line_id)
                OR c.subject_kind = 'carrieraccount' AND c.subject_id = l.account_id AND jsonb_exists(c.facts, 'count')
                OR c.kind = 'offering_waits' AND c.subject_id = l.offering_id))"""
    return [row[0] for row in _rows(sql, clock.now() - patience)]


def overdue(patience: timedelta) -> list[Any]:
    """What of ours has taken longer than that, from its first moment, without a case that tells of it."""
    lines = [("line", line_id) for line_id in untold_lines(patience)]
    sql = """
        SELECT u.* FROM (
            SELECT 'payment' AS kind, id, account_id FROM payment_payment
                WHERE state IN ('OPENING', 'PENDING') AND opened_at <= %(by)s
            UNION ALL SELECT 'refund', r.id, p.account_id FROM payment_refund r
                JOIN payment_payment p ON p.id = r.payment_id
                WHERE r.state IN ('PENDING', 'SENT', 'UNKNOWN') AND r.requested_at <= %(by)s
            UNION ALL SELECT 'notice', id, account_id FROM payment_notice
                WHERE state = 'STORED' AND received_at <= %(by)s) AS u
        WHERE NOT EXISTS (
            SELECT 1 FROM ticket_case c WHERE c.state = 'OPEN' AND (
                c.subject_kind = u.kind AND c.subject_id = u.id
                OR c.subject_kind = 'provideraccount' AND c.subject_id = u.account_id
                    AND jsonb_exists(c.facts, 'count')))"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"by": clock.now() - patience})
        return lines + cursor.fetchall()
