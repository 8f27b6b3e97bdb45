"""Access to an account is entered: read at once, tried before money goes through it."""

import pytest
from django.urls import reverse

from tests.make import make_shop
from xuliu.common.models import Event
from xuliu.common.switch import pause
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import signed_in
from xuliu.payment.accounts import credentials as provider_credentials
from xuliu.payment.reasons import AccountReason

pytestmark = pytest.mark.django_db


def test_an_account_whose_access_was_entered_is_shown_being_tried_and_takes_no_money() -> None:
    shop = make_shop()
    client = signed_in(people.olga())
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    assert client.post(address, form).headers["Location"] != f"{address}?awaited=1", "nothing was entered"
    answer = client.post(address, {**form, "config_mchid": "1900000110"})
    assert answer.headers["Location"] == f"{address}?awaited=1"
    shop.provider.refresh_from_db()
    assert (shop.provider.is_untried, shop.provider.paused_why) == (True, "not_tried")

    page = client.get(f"{address}?awaited=1", headers={"Accept-Language": "en"})
    assert page.headers["Refresh"] == "2"
    assert b"A worker is trying it" in page.content
    findings = [{"about": {"zh-hans": "密钥", "en": "Keys"}, "shown": "wrong", "why": "HTTP 401", "is_needed": True}]
    type(shop.provider).objects.update(examine_at=None, findings=findings)
    page = client.get(f"{address}?awaited=1", headers={"Accept-Language": "en"})
    assert "Refresh" not in page.headers
    assert b"HTTP 401" in page.content
    assert b"To use it untried" in page.content


def test_the_timeline_of_an_account_names_who_acted_in_the_readers_language() -> None:
    shop = make_shop()
    pause(type(shop.provider), [shop.provider.pk], why=AccountReason.US_REFUSED, detail="SIGN_ERROR")
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    page = signed_in(people.olga()).get(address, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert '<span class="x-soft">后台</span> 支付渠道拒绝我方密钥：SIGN_ERROR' in page


def test_a_key_that_is_none_is_refused_at_its_field_with_the_reason() -> None:
    shop = make_shop()
    client = signed_in(people.olga())
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    kept = {f"config_{name}": value for name, value in shop.provider.config.items()}
    refused = {
        "config_private_key": "abc",
        "config_api_v3_key": "short",
        "config_public_key": provider_credentials(shop.provider).private_key,
    }
    answer = client.post(address, {**kept, **refused}, headers={"Accept-Language": "en"})
    errors = answer.context["adminform"].form.errors
    assert set(errors) == set(refused)
    assert "paste the whole file" in errors["config_private_key"][0]
    assert "private key and does not belong here" in errors["config_public_key"][0]


@pytest.mark.parametrize(("connector", "zone"), [("onelink", "Asia/Shanghai"), ("1nce", "UTC")])
def test_a_new_carrier_account_proposes_the_zone_of_its_carriers_days(connector: str, zone: str) -> None:
    page = signed_in(people.olga()).get(reverse("admin:carrier_carrieraccount_add") + f"?kind={connector}")
    assert page.context["adminform"].form["zone"].value() == zone


def test_who_uses_an_account_untried_says_why() -> None:
    shop = make_shop()
    client = signed_in(people.olga())
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    client.post(address, {**form, "config_mchid": "1900000110"})
    form |= {"config_mchid": "1900000110", "initial-is_stopped": "True"}

    silent = client.post(address, form, headers={"Accept-Language": "en"})
    assert "stopped_why" in silent.context["adminform"].form.errors
    assert client.post(address, {**form, "stopped_why": "moved; tried by hand"}).status_code == 302

    shop.provider.refresh_from_db()
    assert (shop.provider.is_untried, shop.provider.paused_at) == (False, None)
    assert Event.objects.filter(kind="provideraccount", became="RUNNING").latest("id").detail == "moved; tried by hand"


def test_what_is_typed_on_one_line_is_read_as_it_was_meant() -> None:
    shop = make_shop()
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    typed = {
        "config_merchant_serial": "5a:21:a1\u200b",
        "config_mchid": "１９００００００１１",
        "config_api_v3_key": f" {32 * 'k'} ",
    }
    assert signed_in(people.olga()).post(address, form | typed).status_code == 302
    shop.provider.refresh_from_db()
    read = provider_credentials(shop.provider)
    assert (read.merchant_serial, read.mchid, read.api_v3_key) == ("5A21A1", "1900000011", 32 * "k")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config_base_url", "ftp://x.example"),
        ("config_base_url", "https://x.example/?a=1"),
        ("config_base_url", "https://me:word@x.example"),
        ("config_base_url", "https://x.example/#here"),
        ("zone", "Mars/Base"),
        ("zone", "../../etc/passwd"),
        ("settles_within", "-5"),
        ("verify_within", "1000 00:00:00"),
    ],
)
def test_a_limit_or_an_address_that_would_be_half_obeyed_is_refused_at_its_field(name: str, value: str) -> None:
    shop = make_shop()
    address = reverse("admin:carrier_carrieraccount_change", args=[shop.sim.account_id])
    form = {
        "zone": "Asia/Shanghai",
        "config_base_url": "https://x.example",
        "config_appid": "1",
        "config_password": "x",
    }
    answer = signed_in(people.olga()).post(address, {**form, name: value})
    assert set(answer.context["adminform"].form.errors) == {name}
