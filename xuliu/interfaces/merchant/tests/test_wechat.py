"""Paying inside WeChat: only the payer's own browser gets its sheet."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests import make, sales
from xuliu.common import clock
from xuliu.interfaces.merchant.tests import signing_in
from xuliu.ordering.buying.payer import know_payers
from xuliu.ordering.models import Order
from xuliu.payment import sign_ins
from xuliu.payment.models import Payment, SignIn

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


def test_inside_wechat_the_payer_is_sent_to_say_who_they_are(client: Client) -> None:
    order = sales.make_quote(make.make_shop())

    assert f'href="{page(order)}/sign-in/jsapi"' in text_of(client, page(order), WECHAT)
    where = urlsplit(client.get(f"{page(order)}/sign-in/jsapi", headers=WECHAT).headers["Location"])

    told = parse_qs(where.query)
    assert where.path == "/connect/oauth2/authorize"
    assert told["scope"] == ["snsapi_base"]
    assert urlsplit(told["redirect_uri"][0]).path == "/sign-in/return"
    assert Payment.objects.count() == 0


def leave(client: Client, order: Order) -> str:
    """The browser goes to WeChat; returns the state that goes with it."""
    where = client.get(f"{page(order)}/sign-in/jsapi", headers=WECHAT).headers["Location"]
    return parse_qs(urlsplit(where).query)["state"][0]


def come_back(client: Client, state: str, code: str = "x") -> Any:
    """The browser is sent back by WeChat."""
    return client.get("/sign-in/return", {"code": code, "state": state}, headers=WECHAT)


def test_back_from_wechat_the_state_must_be_this_browsers_and_fresh(client: Client) -> None:
    order, thief = sales.make_quote(make.make_shop()), Client()
    state = leave(client, order)
    leave(thief, order)

    assert come_back(client, state[:-1] + "_").status_code == 404
    assert client.get("/sign-in/return", {"code": "x"}).status_code == 404
    assert come_back(Client(), state).status_code == 404
    assert come_back(thief, state).status_code == 404, "a state that another browser was given"
    SignIn.objects.update(left_at=clock.now() - timedelta(minutes=16))
    assert come_back(client, state).status_code == 404
    assert not SignIn.objects.exclude(state="LEFT").exists()


def test_who_comes_back_by_a_way_that_is_too_old_is_led_to_the_order_of_this_phone(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    text_of(client, page(order), WECHAT)
    state = leave(client, order)
    SignIn.objects.update(left_at=clock.now() - timedelta(minutes=16))

    assert "press the button again" in text_of(client, come_back(client, state).headers["Location"], WECHAT)
    assert SignIn.objects.get().state == "LEFT"


def test_no_page_calls_wechat_and_while_it_is_asked_the_payer_is_told_to_wait(client: Client) -> None:
    order = sales.make_quote(make.make_shop())  # whose account leads nowhere: a call would fail at once

    back = come_back(client, leave(client, order))

    assert back.headers["Location"] == page(order)
    assert "Preparing the payment" in text_of(client, page(order), WECHAT)
    assert "Preparing the payment" not in text_of(Client(), page(order), WECHAT)
    assert SignIn.objects.get().state == "RETURNED"


def test_coming_back_a_second_time_leads_to_the_order_and_asks_nobody(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    state = leave(client, order)
    come_back(client, state, "first")

    again = come_back(client, state, "second")

    assert again.headers["Location"] == page(order)
    assert SignIn.objects.get().code == "first"
    SignIn.objects.update(state="KNOWN", code="")
    assert come_back(client, state, "third").headers["Location"] == page(order)
    assert SignIn.objects.get().code == ""


def test_where_wechat_does_not_answer_nothing_is_placed_and_the_payer_is_told(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    come_back(client, leave(client, order))

    know_payers()

    told = text_of(client, page(order), WECHAT)
    assert "were not told who pays" in told
    assert f'href="{page(order)}/sign-in/jsapi"' in told
    assert "were not told who pays" not in text_of(Client(), page(order), WECHAT)
    assert Payment.objects.count() == 0


def test_an_order_that_cannot_be_placed_any_more_says_why(client: Client) -> None:
    shop = make.make_shop()
    order = sales.make_quote(shop)
    signing_in.come_back(client, order.pk, shop.provider)
    _end_sign_in(refused="account_paused")

    assert "renewals are stopped for the moment" in text_of(client, page(order), WECHAT)


def test_a_new_way_to_wechat_replaces_the_old_one(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    come_back(client, leave(client, order))
    _end_sign_in(refused="payer_not_told")

    come_back(client, leave(client, order))

    told = text_of(client, page(order), WECHAT)
    assert "Preparing the payment" in told
    assert "were not told who pays" not in told


def test_ways_of_yesterday_are_forgotten(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    leave(client, order)
    SignIn.objects.update(left_at=clock.now() - timedelta(hours=25))
    leave(client, order)

    assert sign_ins.forget() == 1
    assert SignIn.objects.count() == 1


def _end_sign_in(**ended: str) -> None:
    SignIn.objects.filter(state="RETURNED").update(state="REFUSED", **ended)


def test_the_sheet_inside_wechat_gets_signed_parameters_and_does_not_change_with_each_look(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    signing_in.sign_in(client, sales.make_payment(order, way="jsapi", payer_id="openid-of-lin"))
    poll: dict[str, Any] = {**WECHAT, "HX-Request": "true"}

    part = client.get(page(order), headers=poll).content.decode()

    assert "paySign" in part
    again = part.split('hx-get="')[1].split('"')[0]
    assert client.get(again, headers=poll).status_code == 204


def test_one_payers_sheet_opens_in_nobody_elses_wechat(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    signing_in.sign_in(client, sales.make_payment(order, way="jsapi", payer_id="openid-of-lin"))

    assert "Open WeChat Pay" in text_of(client, page(order), WECHAT)
    others = text_of(Client(), page(order), WECHAT)
    assert "paySign" not in others
    assert f'href="{page(order)}/sign-in/jsapi"' in others


def test_while_the_owner_pays_in_wechat_the_shops_phone_says_so_and_can_show_a_code(client: Client) -> None:
    order, owner = sales.make_quote(make.make_shop()), Client()
    signing_in.sign_in(owner, sales.make_payment(order, way="jsapi", payer_id="openid-of-lin"))

    assert "Somebody is paying it in WeChat" in text_of(client, page(order))
    client.post(f"{page(order)}/pay")

    assert "Preparing the payment" in text_of(client, page(order))
    assert "Open WeChat Pay" in text_of(owner, page(order), WECHAT)
    assert Payment.objects.filter(order_id=order.pk).count() == 2


def test_inside_wechat_no_code_is_shown_that_only_another_phone_could_scan(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    sales.make_payment(order)

    text = text_of(client, page(order), WECHAT)

    assert "Scan with WeChat" not in text
    assert f'href="{page(order)}/sign-in/jsapi"' in text
