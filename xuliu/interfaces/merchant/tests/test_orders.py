"""An order's page from quote to receipt."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import make, sales
from tests.make import make_sim
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Price
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.common.state import move
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, Order, OrderLine
from xuliu.payment.models import Payment, ProviderAccount, Refund

pytestmark = pytest.mark.django_db

ENGLISH = {"Accept-Language": "en"}
WECHAT = {**ENGLISH, "User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


def text_of(client: Client, path: str, headers: dict[str, str] = ENGLISH) -> str:
    """The English page at a path."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode().replace("\u00a0", " ")


def page(order: Order) -> str:
    """Where the order is."""
    return f"/o/{order.code}"


def test_a_quote_shows_every_line_of_the_price_and_what_it_brings(client: Client) -> None:
    shop = make.make_shop()
    order = sales.make_quote(shop)

    text = text_of(client, page(order))

    last = order.lines.get().ends_on - timedelta(days=1)
    assert f"<b>{last}</b>" in text
    assert "<dt>List price</dt><dd>¥36.00</dd>" in text
    assert "<dt>Total</dt><dd>¥36.00</dd>" in text
    assert "<dt>of which tax</dt><dd>¥2.04</dd>" in text
    assert "price held until" in text
    assert "Pay ¥36.00 with WeChat" in text
    assert "Xuliu IoT (Shanghai) Ltd" in text
    assert "usually" not in text


def test_what_is_usual_comes_from_that_carriers_own_last_day(client: Client) -> None:
    shop = make.make_shop()
    sales.make_completed(sales.make_paid(sales.make_quote(shop), seconds_ago=41))

    assert "usually done in 40 seconds" in text_of(client, page(sales.make_quote(shop)))


def test_a_quote_says_when_another_renewal_is_under_way_and_counts_from_its_end(client: Client) -> None:
    shop = make.make_shop()
    first = sales.make_paid(sales.make_quote(shop))
    second = sales.make_quote(shop)

    assert "comes after it" in text_of(client, page(second))
    assert second.lines.get().starts_on == first.lines.get().ends_on


def test_pressing_pay_twice_is_one_payment(client: Client) -> None:
    order = sales.make_quote(make.make_shop())

    answers = [client.post(f"{page(order)}/pay") for _ in range(2)]

    assert [answer.headers["Location"] for answer in answers] == [page(order)] * 2
    assert Payment.objects.filter(order_id=order.pk).count() == 1


def test_while_the_payment_is_opened_the_page_looks_again_with_and_without_a_script(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    client.post(f"{page(order)}/pay")

    text = text_of(client, page(order))

    assert "Preparing the payment" in text
    assert f'hx-get="{page(order)}?seen=' in text
    assert f'<noscript><meta http-equiv="refresh" content="3; url={page(order)}"></noscript>' in text


def test_the_payment_is_shown_as_a_code_to_scan_drawn_without_style(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    sales.make_payment(order)

    text = text_of(client, page(order))

    assert '<svg class="qr"' in text.replace("segno ", "") or "<svg" in text
    assert "Scan with WeChat to pay" in text
    assert " style=" not in text


def test_the_page_goes_back_to_nothing_after_paying_and_a_second_payment_is_refused_in_words(client: Client) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()))

    answer = client.post(f"{page(order)}/pay")

    assert "already paid" in text_of(client, answer.headers["Location"])
    assert Payment.objects.filter(order_id=order.pk).count() == 1


def test_a_lapsed_quote_is_asked_for_again_with_one_press(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    Order.objects.filter(id=order.pk).update(valid_until=clock.now() - timedelta(seconds=1))

    assert "This offer has ended" in text_of(client, page(order))
    assert "held for 15 minutes" in text_of(client, client.post(f"{page(order)}/pay").headers["Location"])
    new = client.post(f"{page(order)}/requote").headers["Location"]

    assert new != page(order)
    assert "Pay ¥36.00 with WeChat" in text_of(client, new)


def test_a_carrier_that_was_paused_after_the_quote_takes_no_payment(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    CarrierAccount.objects.update(paused_at=clock.now())

    assert "cannot be paid now" in text_of(client, page(order))
    assert "Pay ¥36.00" not in text_of(client, page(order))
    assert "stopped for the moment" in text_of(client, client.post(f"{page(order)}/pay").headers["Location"])


def test_a_carrier_that_does_not_answer_is_said_on_the_quote_too(client: Client) -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim, failed_at=clock.now())

    text = text_of(client, page(sales.make_quote(shop)))

    assert "China Mobile does not answer at the moment" in text
    assert "Pay ¥36.00 with WeChat" in text


def test_a_paused_provider_is_told_in_words(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    ProviderAccount.objects.update(paused_at=clock.now())

    assert "Payments are stopped" in text_of(client, client.post(f"{page(order)}/pay").headers["Location"])


def test_whoever_changes_their_mind_sees_that_it_can_no_longer_be_paid(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    sales.make_payment(order)

    client.post(f"{page(order)}/cancel")

    assert "Being cancelled" in text_of(client, page(order))


def test_progress_shows_the_real_steps_with_their_times(client: Client) -> None:
    states = OrderLine.State
    order = sales.make_gone(sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=9), states.SUBMITTING)

    text = text_of(client, page(order))

    assert "Paid, under way" in text
    assert "Sent to China Mobile" in text
    assert '<li class="now"><span>China Mobile carries it out' in text
    assert '<li class="later"><span>Issue the receipt</span>' in text
    assert text.count("<time></time>") == 3
    assert "You may close this page" in text


def test_what_is_not_sent_yet_can_be_withdrawn_and_what_is_sent_cannot(client: Client) -> None:
    shop = make.make_shop()
    ready, sent = sales.make_paid(sales.make_quote(shop)), sales.make_paid(sales.make_quote(shop))
    sales.make_gone(sent, OrderLine.State.SUBMITTING)

    assert "Withdraw and get the money back" in text_of(client, page(ready))
    assert "Withdraw" not in text_of(client, page(sent))
    client.post(f"{page(ready)}/withdraw")
    refused = client.post(f"{page(sent)}/withdraw").headers["Location"]

    assert ready.lines.get().state == OrderLine.State.REJECTED
    assert sent.lines.get().state == OrderLine.State.SUBMITTING
    assert "can no longer be withdrawn" in text_of(client, refused)


def test_a_refusal_stays_on_the_page_while_it_renews_itself(client: Client) -> None:
    states = OrderLine.State
    sent = sales.make_gone(sales.make_paid(sales.make_quote(make.make_shop())), states.SUBMITTING)
    refused = client.post(f"{page(sent)}/withdraw").headers["Location"]

    again = text_of(client, refused).split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    sales.make_gone(sent, states.VERIFYING)

    polled = client.get(again, headers={**ENGLISH, "HX-Request": "true"})
    assert "can no longer be withdrawn" in polled.content.decode()


def test_a_page_that_waits_long_looks_again_less_often(client: Client, clock_file: Path) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()))

    paces = []
    for passed in (0, 300, 7_200):
        clock_file.write_text(str(passed))
        paces.append(text_of(client, page(order)).split('hx-trigger="every ')[1].split('"')[0])

    assert paces == ["2s", "5s", "30s"]


def test_a_completed_order_says_until_when_and_leads_to_its_receipt(client: Client) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=40)
    receipt = sales.make_completed(order)

    text = text_of(client, page(order))

    assert "<span>Renewed</span>" in text
    assert f"Serves until {order.lines.get().ends_on - timedelta(days=1)}, read back from China Mobile." in text
    assert f"/r/{receipt.code}" in text
    assert "hx-get" not in text


def test_until_the_receipt_is_there_the_page_keeps_looking(client: Client) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=40)
    receipt = sales.make_completed(order)
    receipt.delete()

    assert "hx-get" in text_of(client, page(order))


@pytest.mark.parametrize(
    ("is_refunded", "words"), [(True, "has gone back"), (False, "goes back to where it came from")]
)
def test_a_failed_order_says_where_the_money_is(client: Client, is_refunded: bool, words: str) -> None:
    order = sales.make_failed(sales.make_paid(sales.make_quote(make.make_shop())), is_refunded=is_refunded)

    text = text_of(client, page(order))

    assert "Not renewed, money back" in text
    assert words in text
    assert ("hx-get" in text) is not is_refunded


def test_a_disputed_order_says_that_the_money_is_held_and_a_person_looks(client: Client) -> None:
    states = OrderLine.State
    order = sales.make_paid(sales.make_quote(make.make_shop()))
    sales.make_gone(order, states.SUBMITTING, states.VERIFYING, states.DISPUTED)

    text = text_of(client, page(order))

    assert "Being looked into" in text
    assert "Your money is held" in text


LOOKING_INTO = {
    "en": "It takes longer than usual; we are looking into it.",
    "zh-hans": "这次比平时慢，我们正在处理。",
}


@pytest.mark.parametrize("language", LOOKING_INTO)
@pytest.mark.parametrize(("hours", "is_told"), [(1.9, False), (2.1, True)])
def test_who_waits_for_two_hours_reads_that_somebody_looks_into_it(
    client: Client, language: str, hours: float, is_told: bool
) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=hours * 3600)
    sales.make_gone(order, OrderLine.State.SUBMITTING, OrderLine.State.UNKNOWN)

    text = text_of(client, page(order), {"Accept-Language": language})

    assert (LOOKING_INTO[language] in text) is is_told
    assert "hx-get" in text


@pytest.mark.parametrize("language", LOOKING_INTO)
def test_a_payment_that_comes_to_no_end_says_that_somebody_looks_into_it(client: Client, language: str) -> None:
    order = sales.make_quote(make.make_shop())
    sales.make_payment(order)
    Order.objects.filter(id=order.pk).update(valid_until=clock.now() - timedelta(hours=3))

    assert LOOKING_INTO[language] in text_of(client, page(order), {"Accept-Language": language})


@pytest.mark.parametrize(("language", "words"), [("en", "It takes longer than usual"), ("zh-hans", "这次比平时慢")])
def test_a_refund_that_takes_longer_than_a_day_says_so(client: Client, language: str, words: str) -> None:
    order = sales.make_failed(sales.make_paid(sales.make_quote(make.make_shop())), is_refunded=False)
    Refund.objects.filter(payment__order_id=order.pk).update(requested_at=clock.now() - timedelta(hours=25))

    text = text_of(client, page(order), {"Accept-Language": language})

    assert words in text
    assert "hx-get" in text


def test_an_unknown_order_is_not_found(client: Client) -> None:
    code = new_code()

    assert client.get(f"/o/{code}").status_code == 404
    for verb in ("pay", "cancel", "withdraw", "requote"):
        assert client.post(f"/o/{code}/{verb}").status_code == 404
        assert client.get(f"/o/{code}/{verb}").status_code == 405


def test_the_owner_pays_by_a_link_and_the_asker_sees_the_result(client: Client) -> None:
    order, owner = sales.make_quote(make.make_shop()), Client()
    asking = text_of(client, f"{page(order)}/ask")
    assert f"{page(order)}" in asking
    assert "pay ¥36.00 in two taps" in asking

    assert "Pay ¥36.00 with WeChat" in text_of(owner, page(order))
    sales.make_paid(order)

    poll = client.get(f"{page(order)}/ask", headers={"HX-Request": "true"})
    assert (poll.status_code, poll.headers["HX-Redirect"]) == (204, page(order))
    assert client.get(f"{page(order)}/ask").headers["Location"] == page(order)
    assert "Paid, under way" in text_of(client, page(order))


def test_the_last_orders_of_a_phone_stand_on_its_first_page(client: Client) -> None:
    order = sales.make_paid(sales.make_quote(make.make_shop()))
    text_of(client, page(order))

    assert page(order) in text_of(client, "/")
    assert "under way" in text_of(client, "/")
    assert page(order) not in text_of(Client(), "/")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Payment.State.SUCCEEDED, "The payment is being checked"),
        (Payment.State.CLOSED, "The payment is being checked"),
        (Payment.State.FAILED, "Try once more"),
    ],
)
def test_a_payment_that_ended_before_its_order_knows_is_told_truly(client: Client, state: str, words: str) -> None:
    order = sales.make_quote(make.make_shop())
    move(Payment, [sales.make_payment(order).pk], to=state)

    text = text_of(client, page(order))

    assert words in text
    assert "Preparing" not in text


def test_a_code_in_an_address_is_never_taken_for_html(client: Client) -> None:
    answer = client.get("/o/abc", {"refused": "<script>alert(1)</script>"})

    assert answer.status_code == 404
    order = sales.make_quote(make.make_shop())
    text = client.get(page(order), {"refused": "<script>alert(1)</script>"}, headers=ENGLISH).content.decode()
    assert "<script>alert" not in text
    assert "<small>unexpected</small>" in text


def test_the_page_of_an_order_of_many_cards_shows_some_and_the_sum_of_all(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    shop = make.make_shop()
    sims = [shop.sim, *(make_sim(shop.account) for _ in range(24))]
    selections = [Selection(sim_id=sim.pk, offering_id=shop.year.pk) for sim in sims]
    order_id = quote(selections=selections, price_list_id=shop.price_list.pk, channel=Channel.COMMAND)

    with django_assert_max_num_queries(8):
        text = text_of(client, page(Order.objects.get(id=order_id)))

    assert "<b>25</b><span>cards</span>" in text
    assert text.count("card ending") == 20
    assert "and 5 more cards" in text
    assert "<dt>List price</dt><dd>¥900.00</dd>" in text
    assert "<dt>of which tax</dt><dd>¥51.00</dd>" in text


def test_what_costs_nothing_is_delivered_without_asking_the_provider_for_nothing(client: Client) -> None:
    shop = make.make_shop()
    Price.objects.filter(offering=shop.year).update(amount_minor=0)
    order = sales.make_quote(shop)

    client.post(f"/o/{order.code}/pay")

    order.refresh_from_db()
    assert (order.state, order.total_minor, Payment.objects.count()) == (Order.State.PAID, 0, 0)
    assert set(OrderLine.objects.values_list("state", flat=True)) == {OrderLine.State.READY}
    assert client.get(f"/o/{order.code}").status_code == 200
