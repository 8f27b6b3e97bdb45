"""A payment that cannot be opened: whoever waits is told the truth."""

from pathlib import Path

import pytest
from django.test import Client

from tests import make, sales
from xuliu.common import clock
from xuliu.interfaces.merchant.tests.test_orders import page, text_of
from xuliu.payment.models import Payment

pytestmark = pytest.mark.django_db


def test_a_provider_that_does_not_answer_within_five_seconds_is_told_and_nobody_waits_for_a_second_or_two(
    client: Client, clock_file: Path
) -> None:
    order = sales.make_quote(make.make_shop())
    client.post(f"{page(order)}/pay")

    clock_file.write_text("6")
    text = text_of(client, page(order))

    assert "WeChat does not answer yet" in text
    assert "a second or two" not in text
    assert "/ask" in text
    assert 'hx-trigger="every ' in text


def test_while_the_fault_is_ours_nobody_is_asked_to_pay(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    client.post(f"{page(order)}/pay")
    Payment.objects.filter(order_id=order.pk).update(trouble_at=clock.now())

    text = text_of(client, page(order))

    assert "It cannot be paid at the moment" in text
    assert f"{page(order)}/ask" not in text
    assert "Do not pay, cancel" in text
