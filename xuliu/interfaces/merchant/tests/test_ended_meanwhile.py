"""A page that was read while its order ended does not stop at what it saw."""

import pytest
from django.test import Client

from tests import make, sales
from xuliu.interfaces.merchant import orders
from xuliu.interfaces.merchant.tests.test_orders import page, text_of
from xuliu.ordering.models import Order
from xuliu.ordering.queries import order_by_code

pytestmark = pytest.mark.django_db


def test_a_page_read_while_the_order_ended_goes_on_until_it_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()))

    def ended_meanwhile(code: str) -> Order | None:
        found = order_by_code(code)
        if found is not None and found.state == Order.State.PAID:
            sales.make_completed(order)
        return found

    monkeypatch.setattr(orders, "order_by_code", ended_meanwhile)

    assert 'hx-trigger="every ' in text_of(client, page(order)), "what it shows is not the end"
    assert 'hx-trigger="every ' not in text_of(client, page(order))
