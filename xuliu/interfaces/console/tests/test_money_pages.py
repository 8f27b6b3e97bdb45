"""What people decide about refunds and about money that went back past us, from their pages."""

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from tests import sales
from tests.make import make_shop
from xuliu.common import clock
from xuliu.common.models import Event
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import signed_in
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.payment import accounts
from xuliu.payment.models import OutsideEntry, ProviderAccount, Refund, RefundApproval, RefundNumber

pytestmark = pytest.mark.django_db


def decide(client: Client, row: Model, what: str, **fields: str) -> str:
    """Press the button; returns what the page then says, in English."""
    kind = row._meta.model_name
    url = reverse(f"admin:{kind}_decide", args=[row.pk, what])
    answer = client.post(url, fields, follow=True, headers={"accept-language": "en"})
    assert answer.redirect_chain == [(reverse(f"admin:payment_{kind}_change", args=[row.pk]), 302)]
    row.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def test_two_people_have_a_closed_refund_asked_anew_and_not_one_person_twice() -> None:
    refund = sales.make_refund(make_shop(), "closed", detail="CLOSED")
    olga, fei = signed_in(people.olga()), signed_in(people.fei())

    assert "Your word is noted" in decide(olga, refund, "anew", why="the balance is filled")
    decide(olga, refund, "anew", why="really")
    assert (refund.anew_requested_at, RefundApproval.objects.count()) == (None, 1)
    assert "Two people have said so" in decide(fei, refund, "anew", why="so it is")

    assert refund.anew_requested_at is not None
    assert refund.due_at is not None
    assert refund.due_at <= clock.now()  # the old number is asked about first; nothing moved yet
    assert (refund.state, RefundNumber.objects.count()) == ("FAILED", 1)


@pytest.mark.parametrize("status", ["failed", "", "pending", "refused"])
def test_what_is_not_closed_has_no_button_and_cannot_be_asked_anew(status: str) -> None:
    refund = sales.make_refund(make_shop(), status)
    client = signed_in(people.olga())
    page = client.get(reverse("admin:payment_refund_change", args=[refund.pk]))
    assert (page.context["actions"]["anew"], page.context["actions"]["ask"]) == (False, True)
    assert "closed" in decide(client, refund, "anew", why="all the same")
    assert RefundApproval.objects.count() == 0


def test_a_refused_refund_is_sent_once_more_under_its_number() -> None:
    refund = sales.make_refund(make_shop(), "not_found", detail="HTTP 404 RESOURCE_NOT_EXISTS")
    before = refund.reference
    decide(signed_in(people.fei()), refund, "send", why="the order is there")
    assert (refund.state, refund.reference) == (Refund.State.PENDING, before)
    moved = Event.objects.filter(kind="refund", subject_id=refund.pk).latest("id")
    assert (moved.actor_kind, moved.detail) == ("person", "the order is there")


def test_support_sees_no_money_and_decides_nothing_of_it() -> None:
    refund = sales.make_refund(make_shop(), "closed")
    sun = signed_in(people.sun())
    assert sun.get(reverse("admin:payment_refund_change", args=[refund.pk])).status_code == 403
    assert sun.post(reverse("admin:refund_decide", args=[refund.pk, "anew"]), {"why": "x"}).status_code == 403
    payment = refund.payment
    assert sun.get(reverse("admin:payment_payment_change", args=[payment.pk])).status_code == 403
    assert sun.post(reverse("admin:payment_decide", args=[payment.pk, "rest"]), {"why": "x"}).status_code == 403


def test_decisions_are_posted_and_never_followed() -> None:
    refund = sales.make_refund(make_shop(), "closed")
    client = signed_in(people.olga())
    assert client.get(reverse("admin:refund_decide", args=[refund.pk, "anew"])).status_code == 405
    assert client.post(reverse("admin:refund_decide", args=[refund.pk, "delete"])).status_code == 404
    assert client.get(reverse("admin:payment_decide", args=[refund.payment_id, "rest"])).status_code == 405
    assert client.post(reverse("admin:payment_decide", args=[refund.payment_id, "delete"])).status_code == 404


def test_two_people_enter_what_went_back_past_us_and_then_the_rest_goes_back() -> None:
    payment = sales.make_refunded_outside(make_shop())
    olga, fei = signed_in(people.olga()), signed_in(people.fei())
    entered = {"number": "50300207512026112200018", "why": "seen in the merchant platform"}

    assert "noted" in decide(olga, payment, "enter", amount="10.00", **entered)
    assert "noted" in decide(fei, payment, "enter", amount="1,0.5", **entered)  # another amount
    assert not Refund.objects.exists()
    for amount in ("", "0", "-1", "10.001", "NaN", "1e9", "36.01"):
        assert "Enter the provider" in decide(fei, payment, "enter", amount=amount, **entered)
    assert "recorded" in decide(fei, payment, "enter", amount="10", **entered)
    assert OutsideEntry.objects.count() == 2
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_minor, refund.is_outside) == ("SUCCEEDED", 1000, True)
    assert balance(addresses.SUSPENSE, "CNY") == -1000

    decide(fei, payment, "rest", why="the payer wants no more of it")
    assert sorted(Refund.objects.values_list("amount_minor", "state")) == [(1000, "SUCCEEDED"), (2600, "PENDING")]
    page = olga.get(reverse("admin:payment_payment_change", args=[payment.pk]), headers={"accept-language": "en"})
    assert page.context["actions"]["rest"] == ""
    assert "refunded outside Xuliu" in page.content.decode()


def test_a_refund_is_found_by_any_of_its_numbers() -> None:
    refund = sales.make_refund(make_shop(), "closed")
    RefundNumber.objects.create(refund=refund, reference="0an0ther", asked_at=clock.now())
    client = signed_in(people.olga())
    for reference in (refund.reference, "0an0ther", "50300207512026112200017"):
        page = client.get(reverse("admin:payment_refund_changelist"), {"q": reference})
        assert page.context["cl"].result_count == 1


def test_a_person_takes_over_the_pause_of_an_account_by_another_reason() -> None:
    shop = make_shop()
    accounts.pause_itself(shop.provider.pk, said="HTTP 401 SIGN_ERROR")
    client, url = signed_in(people.olga()), reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    form = client.get(url).context["adminform"].form
    sent = {name: "" if field.initial is None else field.initial for name, field in form.fields.items()}
    sent |= {"is_stopped": "on", "initial-is_stopped": "True", "stopped_why": "the keys are being replaced"}
    client.post(url, sent)
    account = ProviderAccount.objects.get(id=shop.provider.pk)
    assert (account.is_self_paused, account.paused_detail) == (False, "the keys are being replaced")
