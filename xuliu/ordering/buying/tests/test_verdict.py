"""What becomes of what a provider says was paid, whatever it says and in whatever order. No database, no server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from xuliu.ordering.buying.verdict import (
    GIVEN_BACK,
    GRACE,
    UNCOUNTED,
    LockedOrder,
    LockedPayment,
    Verdict,
    VerdictCode,
    judge,
)
from xuliu.payment.contract import Status, StatusReport, Subject
from xuliu.payment.inbox import ReadNotice

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
MERCHANT = "1900000109"
MOVES_MONEY = (VerdictCode.APPLIED, *GIVEN_BACK)


@dataclass(frozen=True)
class Desk:
    """What lies on it: notices, the payments and orders that they are about, and orders that are paid already."""

    notices: list[ReadNotice]
    payments: dict[str, LockedPayment]
    orders: dict[int, LockedOrder]
    paid: set[int]

    def judged(self, notices: list[ReadNotice] | None = None) -> list[Verdict]:
        """The verdicts on these notices, or on all."""
        return judge(self.notices if notices is None else notices, self.payments, self.orders, self.paid)


def payment(number: int, order_id: int, *, state: str = "PENDING", said: str = "") -> LockedPayment:
    """A payment of 36 yuan."""
    return LockedPayment(number, f"p{number}", order_id, 1, 3600, "CNY", state, said, is_refunded_outside=False)


def order(order_id: int, state: str = "AWAITING_PAYMENT") -> LockedOrder:
    """An order that is held until noon."""
    return LockedOrder(order_id, state, NOON, is_waited_for=True, total_minor=3600, currency="CNY")


ODD: list[dict[str, Any]] = [
    {"amount_minor": 3601},
    {"currency": "EUR"},
    {"merchant_number": "another"},
    {"reference": "nobody's"},
    {"status": Status.REFUNDED},
]


@st.composite
def notices(draw: st.DrawFn, notice_id: int) -> ReadNotice:
    """A notice or the answer to a query: mostly what was asked for, now and then another figure, account or number."""
    seconds = draw(st.sampled_from([-300, -1, 0, 119, 121, 239, 300]))
    number = draw(st.sampled_from([1, 1, 2, 2, 3, 4]))
    said: dict[str, Any] = {
        "reference": f"p{number}",
        "status": Status.SUCCEEDED,
        "amount_minor": 3600,
        "currency": "CNY",
        "number": f"n{draw(st.sampled_from([number, number, number + 1, 9]))}",
        "at": draw(st.sampled_from([NOON + timedelta(seconds=seconds), NOON, None])),
        "merchant_number": draw(st.sampled_from(["", MERCHANT])),
    }
    return ReadNotice(
        notice_id=notice_id,
        account_id=draw(st.sampled_from([1, 1, 1, 1, 1, 2])),
        received_at=NOON + timedelta(seconds=notice_id),
        is_pushed=draw(st.booleans()),
        merchant_number=MERCHANT,
        report=StatusReport(subject=Subject.PAYMENT, **said | draw(st.sampled_from([{}, {}, {}, {}, {}, *ODD]))),
    )


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """Two payments of the first order, one of the second, one that succeeded before; up to eight notices."""
    before = payment(4, 3, state="SUCCEEDED", said="n4")
    known = [payment(1, 1), payment(2, 1), payment(3, 2), before]
    states = st.sampled_from(["AWAITING_PAYMENT", "AWAITING_PAYMENT", "AWAITING_PAYMENT", "EXPIRED"])
    orders = {number: order(number, draw(states)) for number in (1, 2)} | {3: order(3, "PAID")}
    read = [draw(notices(number)) for number in range(draw(st.integers(2, 8)))]
    return Desk(read, {one.reference: one for one in known}, orders, draw(st.sampled_from([{3}, {3}, {2, 3}])))


@given(desk=desks())
def test_every_notice_gets_one_verdict(desk: Desk) -> None:
    assert Counter(v.notice.notice_id for v in desk.judged()) == Counter(one.notice_id for one in desk.notices)


@given(desk=desks(), data=st.data())
def test_the_order_in_which_notices_come_changes_nothing(desk: Desk, data: st.DataObject) -> None:
    another = data.draw(st.permutations(desk.notices))

    assert {(v.notice.notice_id, v.code) for v in desk.judged(another)} == {
        (v.notice.notice_id, v.code) for v in desk.judged()
    }


@given(desk=desks())
def test_an_order_is_paid_once_and_only_by_exactly_what_was_asked_for_in_time(desk: Desk) -> None:
    applied = [(v.notice, v.payment) for v in desk.judged() if v.code == VerdictCode.APPLIED and v.payment]

    assert len({one.order_id for _, one in applied}) == len(applied)
    assert not {one.order_id for _, one in applied} & desk.paid
    for notice, one in applied:
        report, of = notice.report, desk.orders[one.order_id]
        assert report.status is Status.SUCCEEDED
        assert (report.reference, report.amount_minor, report.currency) == (one.reference, 3600, "CNY")
        assert (notice.account_id, report.merchant_number in ("", MERCHANT)) == (one.account_id, True)
        assert of.state == "AWAITING_PAYMENT"
        assert (report.at or notice.received_at) <= of.valid_until + GRACE


@given(desk=desks())
def test_no_money_is_counted_twice(desk: Desk) -> None:
    counted = [v for v in desk.judged() if v.payment and v.code not in (VerdictCode.REPEAT, *UNCOUNTED)]
    payments = [v.payment.id for v in counted if v.payment]
    numbers = [(v.notice.account_id, v.notice.report.number) for v in counted]

    assert len(set(payments)) == len(payments), "one payment is one payment"
    assert len(set(numbers)) == len(numbers), "one number of the provider is one payment"
    assert 4 not in payments, "what succeeded before is a repeat"
    assert (1, "n4") not in numbers


@given(desk=desks())
def test_nothing_is_paid_or_given_back_by_a_notice_alone_that_is_not_what_was_asked_for(desk: Desk) -> None:
    for verdict in desk.judged():
        report = verdict.notice.report
        is_other = (report.amount_minor, report.currency) != (3600, "CNY") or report.merchant_number == "another"
        if verdict.notice.is_pushed and (is_other or verdict.notice.account_id == 2):
            assert verdict.code not in MOVES_MONEY
        if verdict.code == VerdictCode.DOUBTED:
            assert verdict.notice.is_pushed


@given(desk=desks())
def test_what_was_given_back_past_us_pays_nothing(desk: Desk) -> None:
    returned = {one.report.reference for one in desk.notices if one.report.status is Status.REFUNDED}

    assert not [v for v in desk.judged() if v.code in MOVES_MONEY and v.notice.report.reference in returned]


@given(desk=desks())
def test_what_was_judged_is_a_repeat_the_next_time(desk: Desk) -> None:
    first = [v for v in desk.judged() if v.payment and v.code in MOVES_MONEY]
    for v in first:
        if v.payment:
            number = v.notice.report.number
            desk.payments[v.payment.reference] = v.payment._replace(state="SUCCEEDED", number=number)
    desk.paid.update(v.payment.order_id for v in first if v.payment and v.code == VerdictCode.APPLIED)

    assert {v.code for v in desk.judged([one.notice for one in first])} <= {VerdictCode.REPEAT}
