"""What a demonstration starts with: the fleet of `examples/`, moved to today's date, with accounts at the sandbox."""

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from xuliu.carrier.accounts import set_credentials as set_carrier_credentials
from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.catalog.models import Offering, PriceList
from xuliu.catalog.operations import set_price
from xuliu.common import clock
from xuliu.inventory.import_sims import import_sims
from xuliu.inventory.models import Sim
from xuliu.party.models import Person, Seller
from xuliu.party.roles import ADMINISTRATOR, SUPPORT
from xuliu.party.staff import give_role
from xuliu.payment.accounts import set_credentials as set_provider_credentials
from xuliu.payment.models import ProviderAccount

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DAY_ZERO = date(2026, 12, 1)  # the day for which the files were written
ZONE = "Asia/Shanghai"
SHOP = "M0001"

Credentials = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StaffSignIn:
    """A member of staff; the secret is for their authenticator app."""

    name: str
    password: str
    totp_secret: str


# Two, to try decisions that take two people. Everybody knows these, so they are for demonstrations only.
STAFF = (
    (StaffSignIn("olga", "olga-keeps-it-flowing", "JBSWY3DPEHPK3PXP"), ADMINISTRATOR),
    (StaffSignIn("omar", "omar-is-the-second-one", "KRSXG5CTMVRXEZLU"), SUPPORT),
)


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """The fleet that was set up.

    `sims` and `plans` are for the sandbox's control port, if it has none yet: loading SIMs again erases what was bought
    for them. `shop_iccids` are the SIMs of Lin's shop: 12 days left, two days left, dark.
    """

    sims: Sequence[Mapping[str, Any]]
    plans: Sequence[Mapping[str, Any]]
    sign_ins: Sequence[StaffSignIn]
    shop_iccids: Sequence[str]


def seed_demo(*, credentials: Credentials, sandbox_urls: Mapping[str, str]) -> DemoFleet:
    """Create what is missing and point the accounts at the sandbox; an earlier demonstration's data stays.

    `credentials` are the sandbox's (credentials.json), `sandbox_urls` its base addresses, both by the stand-in's code.
    """
    given = json.loads((EXAMPLES / "offerings.json").read_text(encoding="utf-8"))
    for account in given["accounts"]:
        peer = account["connector"]
        _carrier_account(account, {"base_url": sandbox_urls[peer], **credentials[peer]})
    seller = _seller(given["seller"])
    _provider_account(seller, credentials["wechatpay"], sandbox_urls["wechatpay"])
    _price_list(given["price_list"], seller, given["offerings"])
    for sign_in, role in STAFF:
        _staff(sign_in, role)
    shift = clock.civil_date(clock.now(), ZONE) - DAY_ZERO
    if not Sim.objects.filter(account__code__in=[account["code"] for account in given["accounts"]]).exists():
        _import(shift)
    peers = {account["code"]: account["connector"] for account in given["accounts"]}
    return DemoFleet(
        sims=list(_sims_at_carriers(shift, peers)),
        plans=list(_plans(given)),
        sign_ins=[sign_in for sign_in, _role in STAFF],
        shop_iccids=[row["iccid"] for row in _rows("sims.csv") if row["merchant_code"] == SHOP],
    )


def _carrier_account(given: Mapping[str, Any], config: Mapping[str, str]) -> None:
    named = given["carrier"]
    carrier, _ = Carrier.objects.get_or_create(code=named["code"], defaults={"name": named["name"]})
    account, _ = CarrierAccount.objects.get_or_create(
        code=given["code"],
        defaults={
            "carrier": carrier,
            "connector": given["connector"],
            "zone": given["zone"],
            "is_sandbox": True,
            "calls_per_second": 50,
        },
    )
    set_carrier_credentials(account, config)


def _seller(given: Mapping[str, Any]) -> Seller:
    values = {name: value for name, value in given.items() if name != "code"}
    return Seller.objects.get_or_create(code=given["code"], defaults=values)[0]


def _provider_account(seller: Seller, keys: Mapping[str, str], base_url: str) -> None:
    account, _ = ProviderAccount.objects.get_or_create(
        code="wechat-demo", defaults={"provider": "wechatpay", "seller": seller, "is_sandbox": True}
    )
    names = ("mchid", "appid", "app_secret", "api_v3_key", "merchant_serial", "public_key_id", "public_key")
    config = {name: keys[name] for name in names} | {
        "private_key": keys["merchant_private_key"],
        "platform_certificates": keys["platform_certificate"],
        "base_url": base_url,
        "account_url": base_url,
        "authorise_url": f"{base_url}/connect/oauth2/authorize",
    }
    set_provider_credentials(account, config)


def _price_list(given: Mapping[str, Any], seller: Seller, offerings: Sequence[Mapping[str, Any]]) -> None:
    price_list, _ = PriceList.objects.get_or_create(
        code=given["code"],
        defaults={"name": given["name"], "currency": given["currency"], "seller": seller, "is_public": True},
    )
    carriers = {carrier.code: carrier for carrier in Carrier.objects.all()}
    for one in offerings:
        is_renewal = one["kind"] == Offering.Kind.RENEWAL
        terms = {name: one[name] for name in ("name", "kind", "plan_code", "size_bytes", "cost_minor")}
        terms["proof"] = Offering.Proof.PERIOD_END if is_renewal else Offering.Proof.GRANTED_TOTAL
        offering, is_new = Offering.objects.get_or_create(
            code=one["code"],
            defaults={**terms, "carrier": carriers[one["carrier"]], "months": one.get("months", 0)},
        )
        if is_new:
            set_price(offering_id=offering.id, price_list_id=price_list.id, amount_minor=one["amount_minor"])


def _staff(sign_in: StaffSignIn, role: str) -> None:
    person = Person.objects.filter(sign_in_name=sign_in.name).first()
    if person is None:
        person = Person.objects.create_user(sign_in.name, sign_in.password, display_name=sign_in.name.title())
        give_role(person, role)
    if not Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(person, sign_in.totp_secret)


def _import(shift: timedelta) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sims.csv"
        rows = [_moved(row, shift) for row in _rows("sims.csv")]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        import_sims(path=path)


def _sims_at_carriers(shift: timedelta, peers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The SIMs as the carriers know them, in the control port's format."""
    known = {row["iccid"]: row for row in _rows("carriers.csv")}
    for row in _rows("sims.csv"):
        moved, at_carrier = _moved(row, shift), known[row["iccid"]]
        yield {
            "carrier": peers[row["carrier_account"]],
            "iccid": row["iccid"],
            "msisdn": row["msisdn"],
            "imsi": at_carrier["imsi"],
            "imei": row["imei"],
            "state": row["state"],
            "plan": at_carrier["plan"],
            "starts_on": moved["first_day"],
            "ends_on": (date.fromisoformat(moved["last_day"]) + timedelta(days=1)).isoformat(),
            "granted_bytes": int(at_carrier["granted_bytes"]),
            "used_bytes": int(at_carrier["used_bytes"]),
            "label": row["merchant_name"],
        }


def _plans(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The plans of the sandbox's carriers, at the cost our offerings expect."""
    connectors = {account["carrier"]["code"]: account["connector"] for account in given["accounts"]}
    for one in given["offerings"]:
        yield {
            "carrier": connectors[one["carrier"]],
            "code": one["plan_code"],
            "name": one["name"]["zh-hans"],
            "months": one.get("months", 0),
            "bytes": one["size_bytes"],
            "cost_minor": one["cost_minor"],
            "currency": given["price_list"]["currency"],
        }


def _moved(row: Mapping[str, str], shift: timedelta) -> dict[str, str]:
    days = {name: (date.fromisoformat(row[name]) + shift).isoformat() for name in ("first_day", "last_day")}
    return {**row, **days}


def _rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
