"""An account whose access was just entered takes no money until it was tried and found right, or somebody says so."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.world import World, drive, drive_until, line_states, make_order, make_paid_order, make_sims, pass_time
from xuliu.carrier import examining as at_carriers
from xuliu.carrier import operations
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.models import CarrierAccount
from xuliu.cli.entry import main
from xuliu.common import examining
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import QuoteRefused, Selection, quote
from xuliu.ordering.models import Channel
from xuliu.payment import accounts as at_provider
from xuliu.payment.models import ProviderAccount


def entered(account: CarrierAccount | ProviderAccount) -> None:
    """Its access was entered in the console a moment ago."""
    with transaction.atomic():
        examining.want(account)


def test_a_carrier_account_that_is_found_right_goes_on_by_itself(world: World) -> None:
    account = world.accounts["onelink"]
    entered(account)
    sims = make_sims(world, "onelink")
    with pytest.raises(QuoteRefused) as refused:
        make_order(world, sims, "cm-12")
    assert refused.value.refusals[0].code == "account_paused"

    drive()

    account.refresh_from_db()
    assert (account.is_untried, account.paused_at, account.examine_at) == (False, None, None)
    assert [found["shown"] for found in account.findings] == ["right"]
    order = make_paid_order(world, sims, "cm-12")
    drive_until(world, lambda: line_states(order) == ["COMPLETED"])


def test_a_provider_account_that_is_found_right_goes_on_by_itself(world: World) -> None:
    (sim,) = make_sims(world, "1nce")
    selection = Selection(sim_id=sim.pk, offering_id=world.offerings["nce-12"].pk)
    order_id = quote(selections=[selection], price_list_id=world.price_list.pk, channel=Channel.COMMAND)
    entered(world.provider)
    with pytest.raises(CannotPlace, match="provider_paused"):
        place(order_id=order_id, way="native")

    drive()

    world.provider.refresh_from_db()
    assert not world.provider.is_untried
    assert [found["shown"] for found in world.provider.findings] == ["right", "right", "untried"]
    assert place(order_id=order_id, way="native")


def test_wrong_credentials_keep_it_paused_until_somebody_says_to_use_it_untried(world: World) -> None:
    account = world.accounts["onelink"]
    set_credentials(account, {"password": "mistyped"})
    entered(account)

    drive()

    account.refresh_from_db()
    assert account.is_untried
    assert [found["shown"] for found in account.findings] == ["wrong"]
    assert account.examine_at is None, "what was found wrong is not tried again by itself"
    operations.resume(
        [account.pk], why=PersonReason.A_PERSON_SAYS, detail="the platform is being moved; use it untried"
    )
    account.refresh_from_db()
    assert (account.is_untried, account.paused_at) == (False, None)
    assert Event.objects.filter(kind="carrieraccount", became="RUNNING").latest("id").detail.endswith("use it untried")
    set_credentials(account, {"password": world.sandbox.credentials["onelink"]["password"]})


def test_where_nobody_answers_it_is_tried_again(world: World) -> None:
    account = world.accounts["1nce"]
    world.sandbox.control.down("1nce")
    entered(account)
    drive()
    account.refresh_from_db()
    assert account.is_untried
    assert account.findings[0]["shown"] == "untried"

    world.sandbox.control.up("1nce")
    pass_time(world, examining.AGAIN_AFTER)
    drive()

    account.refresh_from_db()
    assert not account.is_untried


def test_what_was_found_of_old_credentials_says_nothing_of_new_ones(world: World) -> None:
    account = world.accounts["onelink"]
    entered(account)
    (leased,) = examining.due(CarrierAccount, 1)
    set_credentials(account, {"password": "mistyped"})
    entered(account)  # while a worker tries the old ones

    at_carriers.examine(leased)

    account.refresh_from_db()
    assert account.is_untried, "the old password was right, and is not the account's any more"
    assert account.findings == []
    set_credentials(account, {"password": world.sandbox.credentials["onelink"]["password"]})


def test_an_account_paused_by_a_person_is_tried_and_stays_paused(world: World) -> None:
    account = world.accounts["onelink"]
    operations.pause([account.pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")
    at_carriers.examine(account)
    account.refresh_from_db()
    assert account.paused_detail == "Olga looks into it"
    assert account.findings


def test_the_command_says_what_is_right_and_wrong(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-account", "carrier:onelink", "--demo", "--language", "en"]) == 0
    assert "Right" in capsys.readouterr().out
    assert main(["check-account", "provider:wx", "--demo", "--language", "zh-hans"]) == 0
    assert "收到第一笔支付通知" in capsys.readouterr().out
    at_provider.set_credentials(world.provider, {"app_secret": "mistyped"})
    assert main(["check-account", "provider:wx", "--demo", "--language", "en"]) == 1
    assert "refuses this app secret" in capsys.readouterr().out
    assert main(["check-account", "carrier:nowhere", "--demo"]) == 1
    assert "give carrier:1nce or carrier:onelink or provider:wx" in capsys.readouterr().err
