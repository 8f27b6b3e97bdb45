"""The contract that every payment provider keeps: whom it believes, and how the payer is named.

Providers are found by the folder they lie in. A new one brings `tests/rig.py` in it (see `provider_desk.ProviderRig`);
nothing here is edited.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.contracts.provider_desk import Desk
from xuliu.common import clock
from xuliu.common.tests.waiting import until
from xuliu.payment.contract import Forged, Malformed, NoAnswer, NotSent, Subject


def test_a_payment_notice_is_genuine_and_says_what_a_query_says(desk: Desk) -> None:
    payment = desk.paid()
    signed, told = desk.hear()
    asked = desk.query(payment)
    assert signed.subject is Subject.PAYMENT
    assert told == asked


def test_a_refund_notice_is_genuine_and_says_what_a_query_says(desk: Desk) -> None:
    refund_request = desk.refund_request(desk.paid())
    desk.hear()
    desk.refund(refund_request)
    signed, told = desk.hear()
    found = desk.provider.query_refund(desk.session, refund_request.reference)
    assert found is not None
    assert signed.subject is Subject.REFUND
    names = ("subject", "reference", "status", "amount_minor", "currency", "number")
    assert [getattr(told, name) for name in names] == [getattr(found[0], name) for name in names]


def test_a_repeated_notice_has_the_same_id_and_two_notices_have_two(desk: Desk) -> None:
    payment = desk.paid()
    first, _ = desk.hear()
    desk.sandbox.control.repeat_notice(payment, times=3)
    assert {desk.hear()[0].notice_id for _ in range(3)} == {first.notice_id}
    desk.paid()
    assert desk.hear()[0].notice_id != first.notice_id


def test_a_notice_that_is_not_acknowledged_comes_again_and_an_acknowledged_one_does_not(desk: Desk) -> None:
    desk.sandbox.control.settings(notice_scale=0.001)
    desk.board.answer = desk.provider.acknowledgement(is_stored=False)
    payment = desk.paid()
    first, _ = desk.hear()
    desk.board.answer = desk.provider.acknowledgement(is_stored=True)
    again, _ = desk.hear()
    until(lambda: desk.sandbox.control.notices(payment)[0]["state"] == "taken")
    assert again.notice_id == first.notice_id
    assert desk.sandbox.control.notices(payment)[0]["attempts"] == 2 + len(desk.board.all())


FORGERIES: dict[str, dict[str, Any]] = {
    "signed with another key": {"key": "wrong"},
    "ten minutes old": {"timestamp_offset": -600},
    "five minutes and some old": {"timestamp_offset": -302},
    "ten minutes early": {"timestamp_offset": 600},
    "tampered with on the way": {"tamper": True},
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_or_replayed_notice_is_refused(desk: Desk, how: str) -> None:
    desk.sandbox.control.forge_notice(desk.peer, desk.board.url, resource={"nothing": "known"}, **FORGERIES[how])
    with pytest.raises(Forged):
        desk.hear()


def test_a_notice_nearly_five_minutes_old_is_still_believed(desk: Desk) -> None:
    desk.sandbox.control.forge_notice(
        desk.peer, desk.board.url, resource={}, timestamp_offset=-270, id="an-id-of-its-own"
    )
    posted = desk.board.next()
    signed = desk.provider.check_signature(headers=posted.headers, body=posted.body, now=clock.now())
    assert signed.notice_id == "an-id-of-its-own"


def test_a_genuine_notice_that_cannot_be_read_is_odd(desk: Desk) -> None:
    for forged in ({"is_unreadable": True}, {"resource": {"nothing": "known"}}):
        desk.sandbox.control.forge_notice(desk.peer, desk.board.url, **forged)
        posted = desk.board.next()
        assert desk.provider.check_signature(headers=posted.headers, body=posted.body, now=clock.now()).notice_id
        with pytest.raises(Malformed):
            desk.provider.read_notice(body=posted.body, is_pushed=True)


def test_checking_a_notice_touches_no_network(desk: Desk) -> None:
    desk.paid()
    posted = desk.board.next()
    before = len(desk.sandbox.control.calls())
    for headers in (posted.headers, *(dict(posted.headers) | {name: "of nobody"} for name in posted.headers)):
        for body in (posted.body, b"tampered"):
            with suppress(Forged):
                desk.provider.check_signature(headers=headers, body=body, now=clock.now())
    assert len(desk.sandbox.control.calls()) == before


def test_the_payers_browser_comes_back_with_a_code_that_names_the_payer_once(desk: Desk) -> None:
    if not any(way.has_sign_in for way in desk.provider.capabilities.ways):
        return
    url = desk.provider.sign_in_url(return_url="http://127.0.0.1:1/o/k3m5?lang=zh", state="f00ba4")
    location = urlsplit(httpx.get(url.partition("#")[0]).headers["location"])
    given = parse_qs(location.query)
    assert (location.path, given["lang"], given["state"]) == ("/o/k3m5", ["zh"], ["f00ba4"])
    [code] = given["code"]
    assert desk.provider.payer_id(desk.session, code)
    with pytest.raises(Malformed):
        desk.provider.payer_id(desk.session, code)


def test_a_payer_who_cannot_be_named_is_told_apart(desk: Desk) -> None:
    if not any(way.has_sign_in for way in desk.provider.capabilities.ways):
        return
    desk.fault(kind="lose_answer", operation="oauth")
    with pytest.raises(NoAnswer):
        desk.provider.payer_id(desk.session, "a-code")
    desk.fault(kind="error", operation="oauth")
    with pytest.raises(NoAnswer):
        desk.provider.payer_id(desk.session, "a-code")
    desk.sandbox.control.down(desk.peer)
    try:
        with pytest.raises(NotSent):
            desk.provider.payer_id(desk.session, "a-code")
    finally:
        desk.sandbox.control.up(desk.peer)
