"""Every page of the console worth looking at, for pictures and for axe."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.admin import site
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page as Tab

from tests import sales
from tests.make import Shop, wechat_config
from xuliu.common import clock, guard
from xuliu.common.examining import store, want
from xuliu.common.findings import Finding, TryResult
from xuliu.interfaces.console import tries
from xuliu.interfaces.console.tests import people
from xuliu.ordering.models import Approval
from xuliu.party.models import Person
from xuliu.party.operations import add_contact
from xuliu.party.roles import SUPPORT
from xuliu.payment.accounts import resume, set_credentials
from xuliu.payment.models import ProviderAccount, RefundApproval
from xuliu.payment.providers.wechatpay import examining as trying
from xuliu.ticket.models import Case


@dataclass(frozen=True)
class Hung:
    """One page, and whose session opens it; nobody's where `session` is empty."""

    name: str
    path: str
    session: str = ""

    def open(self, tab: Tab, address: str) -> None:
        """Go there as that person."""
        tab.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        if self.session:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": self.session, "url": address}
            tab.context.add_cookies([cookie])  # type: ignore[list-item]  # as Playwright documents it
        tab.goto(address + self.path, wait_until="load")


@dataclass(frozen=True)
class Locked(Hung):
    """The answer to a password for a name at which strangers have tried too many."""

    def open(self, tab: Tab, address: str) -> None:
        """Sign in."""
        super().open(tab, address)
        tab.fill("[name=login]", "mallory")
        tab.fill("[name=password]", "a guess")
        with tab.expect_navigation(wait_until="load"):
            tab.click("main .x-go")


def hang(*, sims: int = 240) -> list[Hung]:
    """Make the states, in a fleet of so many SIMs, and say where they are."""
    desk = sales.make_desk()
    paused = sales.make_fleet(desk.shop, sims)
    for sim in list(desk.shop.account.sims.exclude(id=desk.shop.sim.pk)[: max(2, sims // 17)]):
        sales.make_delivered(desk.shop, sim, minutes_ago=200)
    refused = sales.make_refused(desk.shop)
    early = sales.make_unknown(desk.shop, minutes_ago=3)
    olga, fei = people.olga(), people.fei()
    add_contact(olga, kind="phone", value="138 0013 8000", verified_at=clock.now())
    _say_so(fei, desk.unknown.pk, Approval.Decision.SEND_AGAIN, "运营商客服确认没有这笔订单，工单号 20261122-17")
    _say_so(fei, early.pk, Approval.Decision.ACCEPT, "店主说已恢复\n终端照片，工单 17")
    closed = sales.make_refund(desk.shop, "closed", detail="CLOSED")
    RefundApproval.objects.create(
        refund=closed, reference=closed.reference, person_id=fei.pk, why="余额已充值，流水号 20261122-3", at=clock.now()
    )
    outside = sales.make_refunded_outside(desk.shop, minor=1000)
    key = _key(people.signed_in(olga))
    return [
        *_pages(desk, key, early_id=early.pk, refused_id=refused.pk),
        *_tables(key),
        Hung("console-account-paused", reverse("admin:carrier_carrieraccount_change", args=[paused.pk]), key),
        Hung(
            "console-account-provider",
            reverse("admin:payment_provideraccount_change", args=[desk.shop.provider.pk]),
            key,
        ),
        Hung(
            "console-account-tried", reverse("admin:payment_provideraccount_change", args=[_tried(desk.shop).pk]), key
        ),
        Hung("console-refund-closed", reverse("admin:payment_refund_change", args=[closed.pk]), key),
        Hung("console-payment-outside", reverse("admin:payment_payment_change", args=[outside.pk]), key),
        Hung("console-account-new", reverse("admin:carrier_carrieraccount_add") + "?kind=onelink", key),
        Hung("console-person", reverse("admin:party_person_change", args=[fei.pk]), key),
        Hung("console-person-private", reverse("admin:person_private", args=[olga.pk]), key),
        *_door(),
    ]


def _tried(shop: Shop) -> ProviderAccount:
    """A second merchant id, whose app secret was mistyped."""
    seller = shop.provider.seller
    account = ProviderAccount.objects.create(code="wechat-new", provider="wechatpay", seller=seller)
    set_credentials(account, wechat_config())
    want(account)
    found = [
        Finding(about=trying.KEYS, shown=TryResult.RIGHT),
        Finding(about=trying.APP, shown=TryResult.WRONG, why=trying.APP_REFUSED),
        Finding(about=trying.API_KEY, shown=TryResult.UNTRIED, why=trying.SEEN_LATER, is_needed=False),
    ]
    account.refresh_from_db()
    store(account, found, resume=resume, stop="provider.examined")
    return account


def _pages(desk: sales.Desk, key: str, *, early_id: int, refused_id: int) -> list[Hung]:
    order, line, sim = "admin:ordering_order_change", "admin:ordering_orderline_change", "admin:inventory_sim_change"
    return [
        Hung("console-start", "/console/", key),
        Hung("console-order-completed", reverse(order, args=[desk.completed.pk]), key),
        Hung("console-order-refused", reverse(order, args=[refused_id]), key),
        Hung("console-line-unknown", reverse(line, args=[desk.unknown.pk]), key),
        Hung("console-line-early", reverse(line, args=[early_id]), key),
        Hung("console-line-disputed", reverse(line, args=[desk.disputed.pk]), key),
        Hung("console-line-aside", reverse(line, args=[desk.aside.pk]), key),
        Hung("console-line-held", reverse(line, args=[desk.held.pk]), key),
        Hung("console-sim", reverse(sim, args=[desk.shop.sim.pk]), key),
        Hung("console-case", reverse("admin:ticket_case_change", args=[_case_of(desk.held.pk)]), key),
    ]


def _case_of(line_id: int) -> int:
    return Case.objects.values_list("id", flat=True).get(subject_kind="orderline", subject_id=line_id)


def _tables(key: str) -> list[Hung]:
    wanted = (
        "inventory_sim", "ordering_order", "ordering_orderline", "payment_payment", "ledger_posting", "ticket_case",
        "catalog_offering", "catalog_price", "carrier_carrieraccount", "party_person", "common_event",
    )  # fmt: skip
    return [Hung(f"console-list-{name.split('_')[1]}", reverse(f"admin:{name}_changelist"), key) for name in wanted]


def _door() -> list[Hung]:
    bare = people.make_person("nina", SUPPORT, has_factor=False)
    lin = people.make_person("lin")
    fresh = people.signed_in(people.make_person("otto", SUPPORT))
    tried = [budget for budget in tries.of_password(HttpRequest(), "mallory") if budget.kind == "passwords of a name"]
    guard.require(tried, cost=tries.PASSWORDS_OF_NAME)
    return [
        Hung("console-door-sign-in", "/accounts/login/?next=/console/"),
        Locked("console-door-locked", "/accounts/login/"),
        Hung("console-door-factor", "/accounts/2fa/totp/activate/", _fresh(bare)),
        Hung("console-door-refused", "/console/", _key(people.signed_in(lin))),
        Hung("console-door-mine", "/accounts/2fa/", _key(fresh)),
    ]


def _fresh(person: Person) -> str:
    """Signed in a moment ago by password alone."""
    client = people.signed_in(person, has_shown_factor=False)
    session = client.session
    at = (clock.now() - timedelta(seconds=5)).timestamp()
    session["account_authentication_methods"] = [{"method": "password", "at": at, "reauthenticated": True}]
    session.save()
    return _key(client)


def _key(client: Client) -> str:
    return str(client.session.session_key)


def _say_so(person: Person, line_id: int, decision: str, why: str) -> None:
    Approval.objects.create(line_id=line_id, attempt=1, decision=decision, person_id=person.pk, why=why, at=clock.now())


def tables() -> list[str]:
    """The lists of every table of the console, by their address."""
    return [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in site._registry]
