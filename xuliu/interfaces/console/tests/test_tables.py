"""The tables: who sees which, what can be written, how many questions a list asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import sales
from tests.make import make_carrier, make_shop
from xuliu.carrier.accounts import credentials
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.operations import pause
from xuliu.catalog.models import Offering, Price
from xuliu.common import clock
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event
from xuliu.interfaces.console.kit.listing import BoundedPaginator
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import make_person, signed_in
from xuliu.party.models import Person
from xuliu.party.roles import SUPPORT
from xuliu.payment.accounts import credentials as provider_credentials
from xuliu.ticket.models import Case

pytestmark = pytest.mark.django_db
MONEY = {"payment", "refund", "notice", "providercall", "provideraccount", "posting"}
OTHERS_READ = {"order", "orderline", "receipt", "sim", "terminal", "call", "event", "reading", "bucket", "binding"}


def named(model: Any) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def tables() -> list[Any]:
    return list(admin.site._registry)


def test_each_role_sees_its_tables_and_no_other() -> None:
    sales.make_desk()
    seen: dict[str, set[str]] = {}
    for person in (people.olga(), people.fei(), people.sun(), make_person("nina", "support")):
        if person.sign_in_name == "nina":
            person.groups.clear()
        client = signed_in(person)
        answers = {
            model._meta.model_name: client.get(reverse(f"admin:{named(model)}_changelist")) for model in tables()
        }
        assert {answer.status_code for answer in answers.values()} <= {200, 403}
        seen[person.sign_in_name] = {name for name, answer in answers.items() if answer.status_code == 200}
    everything = {model._meta.model_name for model in tables()}
    assert seen["olga"] == everything
    assert seen["fei"] == everything - {"person"}
    assert seen["sun"] == everything - {"person"} - MONEY
    assert seen["nina"] == set()


def test_staff_without_a_role_see_no_page_either() -> None:
    desk = sales.make_desk()
    nina = make_person("nina", SUPPORT)
    nina.groups.clear()
    client = signed_in(nina)
    for page in (
        reverse("admin:ordering_order_change", args=[desk.completed.pk]),
        reverse("admin:ordering_orderline_change", args=[desk.unknown.pk]),
        reverse("admin:inventory_sim_change", args=[desk.shop.sim.pk]),
        reverse("admin:person_private", args=[nina.pk]),
        reverse("admin:find") + "?q=x",
        reverse("admin:index"),
    ):
        assert client.get(page).status_code == 403, page
    assert client.post(reverse("admin:sim_ask", args=[desk.shop.sim.pk])).status_code == 403
    assert client.post(reverse("admin:person_factor", args=[nina.pk])).status_code == 403


def test_support_sees_an_order_without_its_payments() -> None:
    desk = sales.make_desk()
    client = signed_in(people.sun())
    page = client.get(reverse("admin:ordering_order_change", args=[desk.completed.pk]))
    assert page.status_code == 200
    assert (page.context["payments"], page.context["refunds"]) == ([], [])
    assert client.get("/console/").context["pots"] == []


def test_what_happened_cannot_be_written_by_anybody() -> None:
    desk = sales.make_desk()
    sales.make_refused(desk.shop)
    client = signed_in(people.olga())
    for model in tables():
        if model._meta.model_name in MONEY - {"provideraccount"} | OTHERS_READ:
            row = model.objects.first()
            assert client.get(reverse(f"admin:{named(model)}_add")).status_code == 403, model
            if row and model._meta.model_name not in {"order", "orderline", "sim", "payment", "refund"}:
                answer = client.post(reverse(f"admin:{named(model)}_change", args=[row.pk]), {"state": "SUCCEEDED"})
                assert answer.status_code == 403, model
        row = model.objects.first()
        if row:
            assert (
                client.post(reverse(f"admin:{named(model)}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            )


def test_a_list_asks_as_much_for_many_rows_as_for_one() -> None:
    desk = sales.make_desk()
    client = signed_in(people.olga())
    addresses = [reverse(f"admin:{named(model)}_changelist") for model in tables()] + ["/console/"]
    client.get(addresses[0])  # what Django asks once a process
    few = {address: _asked(client, address) for address in addresses}
    sales.make_fleet(desk.shop, 40)
    for _ in range(3):
        sales.make_delivered(desk.shop)
        sales.make_refused(desk.shop)
        sales.make_unknown(desk.shop)
        make_person(f"colleague {Person.objects.count()}", SUPPORT, has_factor=False)
    many = {address: _asked(client, address) for address in addresses}
    assert {address: (few[address], many[address]) for address in addresses if many[address] > few[address] + 1} == {}
    assert max(many.values()) < 40


def test_a_long_table_is_counted_only_so_far_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    sales.make_fleet(shop, 12)
    monkeypatch.setattr(BoundedPaginator, "most", 10)
    client = signed_in(people.olga())
    page = client.get(reverse("admin:inventory_sim_changelist"), headers={"accept-language": "en"}).content.decode()
    assert "the first 10; search or filter for the others" in page
    page = client.get(reverse("admin:catalog_price_changelist"), headers={"accept-language": "en"}).content.decode()
    assert "5 in all" in page


def test_an_order_s_page_asks_as_much_for_many_lines_as_for_one() -> None:
    shop = make_shop()
    client = signed_in(people.olga())
    one = sales.make_unknown(shop)
    asked = _asked(client, reverse("admin:ordering_order_change", args=[one.order_id]))
    many = sales.make_bulk(shop, 30)
    assert _asked(client, reverse("admin:ordering_order_change", args=[many.pk])) <= asked


def _asked(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_credentials_go_in_and_never_come_out() -> None:
    make_carrier("cmcc")
    client = signed_in(people.olga())
    address = reverse("admin:carrier_carrieraccount_add")
    assert client.get(address).context["choices"]
    form = {
        "code": "cmcc-east", "carrier": make_carrier("cmcc").pk, "zone": "Asia/Shanghai", "calls_per_second": "2.5",
        "config_base_url": "https://api.iot.10086.cn/v5/ec", "config_appid": "C5010", "config_password": "S3cret!",
    }  # fmt: skip
    answer = client.post(f"{address}?kind=onelink", form)
    assert answer.status_code == 302, answer.context["errors"]
    account = CarrierAccount.objects.get(code="cmcc-east")
    assert credentials(account).password == "S3cret!"
    assert "S3cret!" not in str(account.config)
    page = client.get(reverse("admin:carrier_carrieraccount_change", args=[account.pk]))
    assert b"S3cret!" not in page.content
    assert b"C5010" in page.content


def test_a_secret_left_empty_stays_and_one_typed_replaces_it() -> None:
    shop = make_shop()
    client = signed_in(people.olga())
    address = reverse("admin:payment_provideraccount_change", args=[shop.provider.pk])
    before = provider_credentials(shop.provider)
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    form |= {"config_mchid": "1900000110", "config_app_secret": "0" * 31 + "9"}
    assert client.post(address, form).status_code == 302
    shop.provider.refresh_from_db()
    after = provider_credentials(shop.provider)
    assert (after.mchid, after.app_secret) == ("1900000110", "0" * 31 + "9")
    assert (after.private_key, after.api_v3_key) == (before.private_key, before.api_v3_key)


def test_a_secret_that_does_not_work_is_refused_and_not_shown_again() -> None:
    shop = make_shop()
    before = provider_credentials(shop.provider)
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    form |= {"config_private_key": "-----BEGIN nonsense TYPEDSECRET", "config_mchid": ""}
    answer = signed_in(people.olga()).post(
        reverse("admin:payment_provideraccount_change", args=[shop.provider.pk]), form
    )
    assert answer.status_code == 200
    assert b"TYPEDSECRET" not in answer.content
    shop.provider.refresh_from_db()
    assert provider_credentials(shop.provider) == before


def test_a_changed_address_asks_for_every_secret_again() -> None:
    shop = make_shop()
    before = provider_credentials(shop.provider)
    form = {f"config_{name}": value for name, value in shop.provider.config.items()}
    form |= {"config_base_url": "https://mallory.example", "config_app_secret": "0" * 32}
    answer = signed_in(people.olga()).post(
        reverse("admin:payment_provideraccount_change", args=[shop.provider.pk]), form
    )
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {"config_private_key", "config_api_v3_key"}
    shop.provider.refresh_from_db()
    assert provider_credentials(shop.provider) == before


def test_an_account_is_paused_with_a_reason_and_resumed_by_name() -> None:
    shop = make_shop()
    fei = people.fei()
    client, address = signed_in(fei), reverse("admin:carrier_carrieraccount_change", args=[shop.account.pk])
    assert b"config_" not in client.get(address).content  # who may pause does not see how it is reached
    assert client.post(address, {"is_stopped": "on", "initial-is_stopped": "False"}).status_code == 200
    client.post(address, {"is_stopped": "on", "initial-is_stopped": "False", "stopped_why": "they bill twice"})
    shop.account.refresh_from_db()
    assert (shop.account.paused_at is not None, shop.account.paused_detail) == (True, "they bill twice")
    client.post(address, {"initial-is_stopped": "True", "stopped_why": "settled"})
    shop.account.refresh_from_db()
    assert shop.account.paused_at is None
    events = Event.objects.filter(kind="carrieraccount").order_by("id").values_list("became", "detail", "actor_id")
    assert list(events) == [("PAUSED", "they bill twice", fei.pk), ("RUNNING", "settled", fei.pk)]


def test_a_form_opened_before_the_account_paused_itself_does_not_set_it_running() -> None:
    shop = make_shop()
    client, address = signed_in(people.fei()), reverse("admin:carrier_carrieraccount_change", args=[shop.account.pk])
    pause([shop.account.pk], why=PersonReason.A_PERSON_SAYS, detail="our balance there is empty")
    client.post(address, {"initial-is_stopped": "False", "stopped_why": ""})
    shop.account.refresh_from_db()
    assert shop.account.paused_at is not None


def test_a_price_changes_from_now_on_and_the_old_one_stays_in_the_history() -> None:
    shop = make_shop()
    client = signed_in(people.fei())
    form = {"price_list": shop.price_list.pk, "offering": shop.year.pk, "amount": "39.90"}
    answer = client.post(reverse("admin:catalog_price_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    prices = list(Price.objects.filter(offering=shop.year).order_by("valid"))
    assert [price.amount_minor for price in prices] == [3600, 3990]
    assert prices[0].valid.upper == prices[1].valid.lower
    past = (clock.now() - timedelta(days=2)).date().isoformat()
    answer = client.post(
        reverse("admin:catalog_price_add"), {**form, "amount": "1.00", "starts_at_0": past, "starts_at_1": "00:00"}
    )
    assert answer.status_code == 200
    assert Price.objects.filter(amount_minor=100).count() == 0
    assert client.post(reverse("admin:catalog_price_change", args=[prices[0].pk]), form).status_code == 403


@pytest.mark.parametrize("amount", ["0", "0.00", "０", "-1", "0.001"])
def test_a_price_of_nothing_is_refused_where_it_is_typed(amount: str) -> None:
    shop = make_shop()
    form = {"price_list": shop.price_list.pk, "offering": shop.year.pk, "amount": amount}
    answer = signed_in(people.fei()).post(reverse("admin:catalog_price_add"), form)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["amount"]
    assert [price.amount_minor for price in Price.objects.filter(offering=shop.year)] == [3600]


def test_an_offering_s_terms_are_shown_and_only_its_name_and_cost_written() -> None:
    shop = make_shop()
    client = signed_in(people.fei())
    address = reverse("admin:catalog_offering_change", args=[shop.year.pk])
    form = {
        "name_0": "一年",
        "name_1": "One year",
        "cost_minor": "12.34",
        "months": "24",
        "initial-is_stopped": "False",
    }
    assert client.post(address, form).status_code == 302
    shop.year.refresh_from_db()
    assert (shop.year.name, shop.year.cost_minor, shop.year.months) == ({"zh-hans": "一年", "en": "One year"}, 1234, 12)
    assert client.post(address, {**form, "name_0": ""}).status_code == 200
    client.post(address, {**form, "is_stopped": "on", "stopped_why": "sold out"})
    shop.year.refresh_from_db()
    assert shop.year.paused_detail == "sold out"


def test_a_new_offering_has_all_its_terms_or_is_refused() -> None:
    shop = make_shop()
    client, address = signed_in(people.fei()), reverse("admin:catalog_offering_add")
    form = {
        "code": "two-years", "carrier": shop.year.carrier_id, "name_0": "两年", "name_1": "", "kind": "renewal",
        "plan_code": "P24", "months": "24", "days": "0", "size_bytes": "0", "starts": "end_of_current",
        "after_expiry": "today", "proof": "period_end", "tax_basis_points": "600", "cost_minor": "50",
    }  # fmt: skip
    assert client.post(address, {**form, "months": "0"}).status_code == 200
    answer = client.post(address, form)
    assert answer.status_code == 302, answer.context["errors"]
    new = Offering.objects.get(code="two-years")
    assert (new.name, new.cost_minor, new.months) == ({"zh-hans": "两年"}, 5000, 24)


def test_a_case_is_closed_with_a_reason_by_name_and_then_stays_closed() -> None:
    desk = sales.make_desk()
    case = Case.objects.get(kind="line_disputed")
    sun = people.sun()
    client, address = signed_in(sun), reverse("admin:ticket_case_change", args=[case.pk])
    assert reverse("admin:ordering_orderline_change", args=[desk.disputed.pk]) in client.get(address).content.decode()
    assert client.post(address, {"why": ""}).status_code == 200
    assert client.post(address, {"why": "called the carrier"}).status_code == 302
    event = Event.objects.get(kind="case", subject_id=case.pk)
    assert (event.became, event.detail, event.actor_id) == ("CLOSED", "called the carrier", sun.pk)
    assert client.post(address, {"why": "once more"}).status_code == 403


def test_one_field_finds_what_a_caller_reads_out() -> None:
    desk = sales.make_desk()
    shop, client = desk.shop, signed_in(people.olga())
    payment = desk.completed.pk

    def found(typed: str) -> str | None:
        return client.get(reverse("admin:find"), {"q": typed}).headers.get("Location")

    sim = reverse("admin:inventory_sim_change", args=[shop.sim.pk])
    order = reverse("admin:ordering_order_change", args=[payment])
    assert found(shop.sim.iccid.lower()) == found(shop.sim.msisdn) == found(shop.terminal.serial_number) == sim
    assert found(desk.completed.number) == found(desk.completed.code) == order
    assert found(desk.completed.receipt.check_code) == order
    assert found("nothing of the kind") is None
