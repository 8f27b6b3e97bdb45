"""Which cases are open about what is overdue: by sets, over rows as they stand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests import make, sales
from xuliu.common import clock
from xuliu.common.state import move
from xuliu.interfaces.wording.cases import CASE_KINDS
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.overdue import RESOLVED, tell_of_overdue
from xuliu.ticket.models import Case

pytestmark = pytest.mark.django_db
State = OrderLine.State
LONG_AGO = timedelta(hours=3)


def _open_cases() -> list[tuple[str, int]]:
    return list(Case.objects.filter(state="OPEN").values_list("kind", "subject_id"))


def _ended() -> Order:
    """Paid and refused hours ago, and settled by nobody."""
    order = sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=LONG_AGO.total_seconds())
    return sales.make_gone(order, State.SUBMITTING, State.REJECTED, at=clock.now() - LONG_AGO)


def test_an_order_that_nobody_settles_is_a_case_until_somebody_does() -> None:
    order = _ended()
    assert (tell_of_overdue(), _open_cases()) == (1, [("order_waits", order.pk)])

    move(Order, [order.pk], to=Order.State.FAILED)

    assert (tell_of_overdue(), _open_cases()) == (1, [])


def test_an_order_without_its_receipt_is_a_case_until_it_has_one() -> None:
    receipt = sales.make_completed(sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=1))
    Order.objects.filter(id=receipt.order_id).update(is_receipted=False, state_at=clock.now() - LONG_AGO)
    tell_of_overdue()
    assert _open_cases() == [("order_waits", receipt.order_id)]

    Order.objects.filter(id=receipt.order_id).update(is_receipted=True)
    tell_of_overdue()
    assert _open_cases() == []


def test_an_order_that_expires_by_nobody_is_a_case() -> None:
    order = sales.make_quote(make.make_shop())
    move(Order, [order.pk], to=Order.State.AWAITING_PAYMENT)
    Order.objects.filter(id=order.pk).update(valid_until=clock.now() - LONG_AGO)

    tell_of_overdue()

    assert _open_cases() == [("order_waits", order.pk)]


def test_an_order_that_has_just_ended_is_none() -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=LONG_AGO.total_seconds())
    sales.make_gone(order, State.SUBMITTING, State.REJECTED)

    assert (tell_of_overdue(), _open_cases()) == (0, [])


def test_every_kind_that_closes_by_itself_is_one() -> None:
    assert set(re.findall(r"WHEN '(\w+)' THEN", RESOLVED)) <= set(CASE_KINDS)


def test_what_has_a_case_of_its_own_gets_no_second_one() -> None:
    order = _ended()
    Case.objects.create(
        kind="order_set_aside", subject_kind="order", subject_id=order.pk, state_at=clock.now(), opened_at=clock.now()
    )

    assert tell_of_overdue() == 0
