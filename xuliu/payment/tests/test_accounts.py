import pytest

from tests.make import make_seller
from xuliu.common.accounts import WrongConfiguration
from xuliu.common.deciding import PersonReason
from xuliu.common.outbound import NoAnswer
from xuliu.common.tests.peers import answers, peer, resets
from xuliu.payment.accounts import credentials, pause, provider_of, resume, session_of, set_credentials
from xuliu.payment.models import ProviderAccount, ProviderCall
from xuliu.payment.providers.wechatpay.tests.wechat_side import private_pem, public_pem, rsa_key

GIVEN = {
    "mchid": "1900000001",
    "merchant_serial": "5157F09EFDC096DE15EBE81A47057A72",
    "private_key": private_pem(rsa_key("merchant")),
    "api_v3_key": "k" * 32,
    "appid": "wx8888888888888888",
    "public_key_id": "PUB_KEY_ID_1",
    "public_key": public_pem(rsa_key("platform")),
}


def make_provider_account() -> ProviderAccount:
    return ProviderAccount.objects.create(code="wechat", provider="wechatpay", seller=make_seller())


@pytest.mark.django_db
def test_keys_are_sealed_and_numbers_stand_in_the_open() -> None:
    account = make_provider_account()

    set_credentials(account, GIVEN)

    account.refresh_from_db()
    assert sorted(account.config) == ["appid", "mchid", "merchant_serial", "public_key", "public_key_id"]
    assert b"k" * 32 not in bytes(account.secrets_sealed)
    assert credentials(account).api_v3_key == "k" * 32


@pytest.mark.django_db
def test_a_missing_key_is_named() -> None:
    with pytest.raises(WrongConfiguration, match="api_v3_key"):
        set_credentials(make_provider_account(), {name: value for name, value in GIVEN.items() if name != "api_v3_key"})


@pytest.mark.django_db
def test_the_session_keeps_the_providers_deadline_and_logs_changes_and_failures() -> None:
    account = make_provider_account()
    set_credentials(account, GIVEN)
    session = session_of(account)

    with peer(answers()) as provider, peer(resets) as broken:
        session.call(operation="query", method="GET", url=provider.url)
        body = b'{"out_trade_no": "r1", "payer": {"openid": "o-lin"}}'
        session.call(
            operation="open",
            method="POST",
            url=provider.url,
            content=body,
            reference="r1",
            is_change=True,
            headers={"Authorization": "WECHATPAY2-SHA256-RSA2048 t0p"},
        )
        with pytest.raises(NoAnswer):
            session.call(operation="query", method="GET", url=f"{broken.url}?mchid=1900000001")

    opened, failed = ProviderCall.objects.order_by("id")
    assert opened.request["content"] == {"out_trade_no": "r1", "payer": {"openid": "***"}}
    assert (opened.operation, opened.reference, opened.status) == ("open", "r1", 200)
    assert failed.request["query"] == {"mchid": "1900000001"}
    assert failed.failure.startswith("NoAnswer")
    assert "t0p" not in repr(list(ProviderCall.objects.values()))
    assert provider_of(account).capabilities.deadline_seconds == session.deadline_seconds  # type: ignore[attr-defined]  # ours


@pytest.mark.django_db
def test_a_provider_account_is_paused_and_resumed() -> None:
    account = make_provider_account()

    assert pause([account.pk], why=PersonReason.A_PERSON_SAYS, detail="the provider is down") == [account.pk]
    assert resume([account.pk], why=PersonReason.A_PERSON_SAYS, detail="it is back") == [account.pk]
    account.refresh_from_db()
    assert (account.paused_at, account.paused_why) == (None, "")
