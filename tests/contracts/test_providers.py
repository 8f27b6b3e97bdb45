"""The contract that every payment provider keeps: what it says of itself, and opening, asking, closing, refunding.

Providers are found by the folder they lie in. A new one brings `tests/rig.py` in it (see `provider_desk.ProviderRig`);
nothing here is edited.
"""

import re
from datetime import timedelta

import pytest

from tests.contracts.provider_desk import PROVIDERS, Desk
from xuliu.common import clock
from xuliu.common.configuration import settings_of
from xuliu.payment.contract import Capabilities, Outcome, PagePart, Status, Subject
from xuliu.payment.registry import all_providers


@pytest.mark.parametrize("code", PROVIDERS)
def test_it_says_who_it_is_and_what_it_can(code: str) -> None:
    cls = all_providers()[code]
    assert cls.code == code
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,38}", code)
    assert set(cls.name) >= {"zh-hans", "en"}
    assert isinstance(cls.capabilities, Capabilities)
    ways = cls.capabilities.ways
    assert ways
    assert all(len(way.code) <= 20 and way.code.replace("-", "").isalnum() for way in ways)
    assert cls.capabilities.refunds_per_payment >= 1


@pytest.mark.parametrize("code", PROVIDERS)
def test_every_setting_is_labelled_and_its_addresses_can_be_pointed_elsewhere(code: str) -> None:
    settings = settings_of(all_providers()[code].Config)
    assert all({"zh-hans", "en"} <= set(setting.label) for setting in settings.values())
    assert any(setting.is_secret for setting in settings.values())
    assert any(setting.is_url for setting in settings.values())


def test_its_secrets_show_in_no_text_of_it(desk: Desk) -> None:
    shown = repr(desk.config) + str(desk.config) + repr(desk.provider) + repr(vars(desk.provider))
    assert [secret for secret in desk.secrets() if secret in shown] == []


def test_a_payment_is_opened_by_every_way_it_has(desk: Desk) -> None:
    for way in desk.provider.capabilities.ways:
        opened = desk.open(desk.opening(way=way.code, payer_id="the-id-of-lin" if way.has_sign_in else ""))
        assert opened.outcome is Outcome.DONE
        assert opened.token or way.part is PagePart.NOTHING


def test_the_same_opening_again_is_the_same_payment(desk: Desk) -> None:
    opening = desk.opening()
    first, second = desk.open(opening), desk.open(opening)
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert [payment["reference"] for payment in desk.books()["payments"]] == [opening.reference]


def test_an_opening_in_another_currency_is_refused(desk: Desk) -> None:
    assert desk.open(desk.opening(currency="XTS")).outcome is Outcome.REJECTED
    assert desk.books()["payments"] == []


def test_an_unpaid_payment_is_pending(desk: Desk) -> None:
    opening = desk.opening()
    desk.open(opening)
    report = desk.query(opening.reference)
    assert (report.subject, report.reference, report.status) == (Subject.PAYMENT, opening.reference, Status.PENDING)


def test_a_paid_payment_tells_amount_currency_merchant_number_and_time(desk: Desk) -> None:
    before = clock.now() - timedelta(seconds=1)
    report = desk.query(desk.paid())
    assert report.status is Status.SUCCEEDED
    assert (report.amount_minor, report.currency) == (3600, "CNY")
    assert report.merchant_number == desk.provider.merchant_number
    assert report.number
    assert report.at is not None
    assert before <= report.at <= clock.now()


def test_what_a_query_found_reads_the_same_out_of_the_inbox(desk: Desk) -> None:
    payment = desk.paid()
    refund_request = desk.refund_request(payment)
    assert desk.refund(refund_request).outcome is Outcome.DONE
    for found in (
        desk.provider.query(desk.session, payment),
        desk.provider.query_refund(desk.session, refund_request.reference),
    ):
        assert found is not None
        assert desk.provider.read_notice(body=found[1], is_pushed=False) == found[0]


def test_a_wrong_amount_currency_or_merchant_is_told_as_it_is(desk: Desk) -> None:
    opening = desk.opening()
    desk.open(opening)
    desk.sandbox.control.pay(opening.reference, amount_minor=1, currency="HKD", merchant_number="1900000000")
    report = desk.query(opening.reference)
    assert (report.amount_minor, report.currency, report.merchant_number) == (1, "HKD", "1900000000")


def test_a_reference_it_never_had_is_not_found(desk: Desk) -> None:
    for ask in (desk.provider.query, desk.provider.query_refund):
        found = ask(desk.session, "0neverheardof")
        assert found is not None
        assert (found[0].reference, found[0].status) == ("0neverheardof", Status.NOT_FOUND)


def test_a_closed_payment_says_so_and_closing_it_again_is_done(desk: Desk) -> None:
    opening = desk.opening()
    desk.open(opening)
    assert desk.provider.close(desk.session, opening.reference).outcome is Outcome.DONE
    assert desk.query(opening.reference).status is Status.CLOSED
    assert desk.provider.close(desk.session, opening.reference).outcome is Outcome.DONE


def test_a_paid_payment_cannot_be_closed(desk: Desk) -> None:
    payment = desk.paid()
    done = desk.provider.close(desk.session, payment)
    assert (done.outcome, done.status) == (Outcome.REJECTED, Status.SUCCEEDED)
    assert desk.query(payment).status is Status.SUCCEEDED


def test_a_payment_that_is_not_there_is_not_called_closed(desk: Desk) -> None:
    done = desk.provider.close(desk.session, "0neverheardof")
    assert (done.outcome, done.status) == (Outcome.REJECTED, Status.NOT_FOUND)


def test_the_same_refund_asked_for_twice_is_one_refund(desk: Desk) -> None:
    refund_request = desk.refund_request(desk.paid())
    first, second = desk.refund(refund_request), desk.refund(refund_request)
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert first.number == second.number != ""
    [refund] = desk.books()["refunds"]
    assert (refund["reference"], refund["amount_minor"]) == (refund_request.reference, 1200)


def test_a_refund_tells_its_end_when_asked(desk: Desk) -> None:
    refund_request = desk.refund_request(desk.paid())
    desk.refund(refund_request)
    desk.sandbox.control.settle()
    found = desk.provider.query_refund(desk.session, refund_request.reference)
    assert found is not None
    report = found[0]
    assert (report.subject, report.status, report.amount_minor) == (Subject.REFUND, Status.SUCCEEDED, 1200)


@pytest.mark.parametrize(("outcome", "status"), [("closed", Status.CLOSED), ("abnormal", Status.FAILED)])
def test_a_refund_that_did_not_reach_the_payer_is_closed_for_good_or_has_failed_and_may_still_succeed(
    desk: Desk, outcome: str, status: Status
) -> None:
    desk.sandbox.control.settings(refund_outcome=outcome)
    refund_request = desk.refund_request(desk.paid())
    assert desk.refund(refund_request).outcome is Outcome.DONE
    desk.sandbox.control.settle()
    found = desk.provider.query_refund(desk.session, refund_request.reference)
    assert found is not None
    assert found[0].status is status


def test_what_failed_at_the_payers_bank_tells_its_late_success(desk: Desk) -> None:
    desk.sandbox.control.settings(refund_outcome="abnormal")
    refund_request = desk.refund_request(desk.paid())
    desk.refund(refund_request)
    desk.sandbox.control.settle()
    desk.sandbox.control.end_refund(refund_request.reference, "success")
    found = desk.provider.query_refund(desk.session, refund_request.reference)
    assert found is not None
    assert found[0].status is Status.SUCCEEDED


def test_a_payment_of_which_something_went_back_says_so_and_a_refund_names_its_payment(desk: Desk) -> None:
    payment = desk.paid()
    desk.hear()
    desk.sandbox.control.refund_outside(payment, 3600)
    assert desk.query(payment).status is Status.REFUNDED
    _, told = desk.hear()
    assert (told.subject, told.status, told.payment_reference, told.amount_minor) == (
        Subject.REFUND,
        Status.SUCCEEDED,
        payment,
        3600,
    )
    assert told.said_at is not None


def test_a_refund_under_way_is_pending(desk: Desk) -> None:
    desk.sandbox.control.settings(refund_outcome="hold")
    refund_request = desk.refund_request(desk.paid())
    assert desk.refund(refund_request).status is Status.PENDING
    found = desk.provider.query_refund(desk.session, refund_request.reference)
    assert found is not None
    assert found[0].status is Status.PENDING


def test_a_refund_of_more_than_was_paid_is_refused(desk: Desk) -> None:
    assert desk.refund(desk.refund_request(desk.paid(), amount_minor=3601)).outcome is Outcome.REJECTED
    assert desk.books()["refunds"] == []


def test_a_refund_of_what_was_not_paid_is_refused(desk: Desk) -> None:
    opening = desk.opening()
    desk.open(opening)
    assert desk.refund(desk.refund_request(opening.reference)).outcome is Outcome.REJECTED


def test_a_refund_sooner_than_the_spacing_is_not_sent_and_may_come_again(desk: Desk) -> None:
    payment = desk.paid()
    assert desk.refund(desk.refund_request(payment)).outcome is Outcome.DONE
    if not desk.provider.capabilities.refund_spacing:
        return
    soon = desk.refund_request(payment)
    assert desk.refund(soon).outcome is Outcome.NOT_SENT
    desk.sandbox.control.settings(refund_spacing_seconds=0)
    assert desk.refund(soon).outcome is Outcome.DONE
