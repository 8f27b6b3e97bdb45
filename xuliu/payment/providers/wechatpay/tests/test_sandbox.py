"""What only WeChat Pay has, against the sandbox: platform certificates, and the bridge of WeChat's own browser.

What every provider must do stands in tests/contracts.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.contracts.provider_desk import Desk, desk_of
from xuliu.common import clock
from xuliu.payment.contract import Forged, Outcome, Status, TryResult
from xuliu.payment.providers.wechatpay.provider import BEIJING, Provider
from xuliu.payment.providers.wechatpay.tests.rig import MISTYPED, config
from xuliu.sandbox.testing import Sandbox


def an_older_merchant(desk: Desk, **changes: Any) -> Desk:
    """The same desk with a platform certificate where the public key was."""
    pem = desk.sandbox.credentials["wechatpay"]["platform_certificate"]
    fields: dict[str, Any] = {"public_key_id": "", "public_key": "", "platform_certificates": pem}
    desk.provider = Provider(config(desk.sandbox, **fields | changes))
    return desk


def test_an_older_merchant_pays_refunds_and_hears_in_certificate_mode(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        sandbox.control.settings(wechatpay_mode="certificate")
        older = an_older_merchant(desk)
        payment = older.paid()
        assert older.query(payment).status is Status.SUCCEEDED
        assert older.refund(older.refund_request(payment)).outcome is Outcome.DONE
        signed, report = older.hear()
        assert (signed.notice_id != "", report.reference) == (True, payment)


def test_a_merchant_who_changes_over_hears_notices_of_both_kinds(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        pem = sandbox.credentials["wechatpay"]["platform_certificate"]
        desk.provider = Provider(config(sandbox, platform_certificates=pem))
        for mode in ("certificate", "public_key"):
            sandbox.control.settings(wechatpay_mode=mode)
            payment = desk.paid()
            assert desk.hear()[1].reference == payment


def test_a_merchant_of_the_public_key_believes_no_certificate(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        sandbox.control.settings(wechatpay_mode="certificate")
        desk.paid()
        with pytest.raises(Forged, match="serial"):
            desk.hear()


def test_a_notice_of_a_serial_number_that_we_do_not_know_is_forged(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        sandbox.control.forge_notice(desk.peer, desk.board.url, serial="7132D72A03E93CDDF8C03BBD1F37EEDF00000000")
        with pytest.raises(Forged, match="serial"):
            desk.hear()


def test_a_mistyped_app_secret_leaves_the_rest_of_the_account_right(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        found = Provider(config(sandbox, app_secret=MISTYPED["app_secret"])).examine(desk.session)
        assert [finding.shown for finding in found][:2] == [TryResult.RIGHT, TryResult.WRONG]


@pytest.mark.parametrize("tampered", ["", "package", "timeStamp", "nonceStr", "appId", "paySign"])
def test_wechats_browser_takes_our_parameters_and_no_others(sandbox: Sandbox, db: None, tampered: str) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        opened = desk.open(desk.opening(way="jsapi", payer_id="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"))
        script = desk.provider.payer_script(token=opened.token, now=clock.now())
        if tampered:
            script[tampered] += "0"
        answer = httpx.get(f"{sandbox.urls['wechatpay']}/jsapi/pay?{urlencode(script)}")
        assert answer.status_code == (400 if tampered else 302)


def test_the_time_to_pay_ends_when_we_say_on_chinas_clock(sandbox: Sandbox, db: None) -> None:
    with desk_of("wechatpay", sandbox) as desk:
        too_short = desk.open(desk.opening(expires_at=clock.now() - timedelta(seconds=1)))
        assert (too_short.outcome, "time_expire" in too_short.detail) == (Outcome.REJECTED, True)
        ends_at = clock.now() + timedelta(minutes=15)
        page = httpx.get(desk.open(desk.opening(expires_at=ends_at)).token, headers={"Accept-Language": "en"})
        assert ends_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") in page.text
