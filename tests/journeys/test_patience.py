"""Nothing goes round for ever: of what answers the same for 30 hours one case tells, and nothing is sent in vain.

Each fault lasts as long as the test looks; the last word is what a person, or the other side, ends it with.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import make_person
from tests.world import (
    World,
    drive_for,
    line_states,
    make_order,
    make_paid_order,
    make_sims,
    open_payments,
)
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.operations import pause, resume
from xuliu.catalog.models import Offering
from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.ordering.delivering import decide
from xuliu.ordering.models import Attempt, OrderLine
from xuliu.payment.models import Payment, Refund
from xuliu.ticket.models import Case
from xuliu.ticket.operations import close_case

LONG = timedelta(hours=30)
SENDINGS = 6
OFFERINGS = {"onelink": "cm-12", "1nce": "nce-12"}

REFUSES_FOR_EVER = [
    pytest.param("onelink", {"kind": "refuse", "code": "77777", "message": "???"}, id="words that nobody knows"),
    pytest.param("onelink", {"kind": "refuse", "reason": "temporary"}, id="always later"),
    pytest.param("1nce", {"kind": "refuse", "status": 409, "reason": "plan"}, id="always 409"),
    pytest.param("1nce", {"kind": "error", "status": 503}, id="always 503"),
    pytest.param("onelink", {"kind": "lose_answer", "acts": False}, id="never an answer"),
]


def _cases() -> list[str]:
    return sorted(Case.objects.filter(state="OPEN").values_list("kind", flat=True))


def _forever(world: World, peer: str, **fault: object) -> None:
    world.sandbox.control.fault(peer=peer, count=None, **fault)


@pytest.mark.parametrize(("account", "fault"), REFUSES_FOR_EVER)
def test_what_is_never_done_is_sent_six_times_and_then_waits_for_a_person(
    world: World, account: str, fault: dict[str, object]
) -> None:
    (sim,) = make_sims(world, account)
    _forever(world, account, operation="change", **fault)
    order = make_paid_order(world, [sim], OFFERINGS[account])
    drive_for(world, LONG)

    assert Attempt.objects.exclude(sent_at=None).count() == SENDINGS
    line = order.lines.get()
    assert (line.state, line.is_set_aside) == ("READY" if fault.get("reason") == "temporary" else "UNKNOWN", True)
    assert _cases() == ["line_sent_in_vain"]
    assert not Refund.objects.exists()

    world.sandbox.control.clear_faults()
    _send_again(line)
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["COMPLETED"]
    assert _cases() == []


def _send_again(line: OrderLine) -> None:
    """A line of which it is known that it was not done, one person sends; else it takes two."""
    if line.state == OrderLine.State.READY:
        decide.ask_again(line_id=line.pk)
        return
    for name in ("Olga", "Otto"):
        with acting(Actor("person", make_person(name).pk, name)):
            decide.send_again(line_id=line.pk, why="the carrier's desk says that nothing came")


@pytest.mark.parametrize(("account", "fault"), REFUSES_FOR_EVER)
def test_who_waits_hears_of_it_after_two_hours(world: World, account: str, fault: dict[str, object]) -> None:
    (sim,) = make_sims(world, account)
    _forever(world, account, operation="change", **fault)
    make_paid_order(world, [sim], OFFERINGS[account])

    drive_for(world, timedelta(hours=1, minutes=50))
    assert _cases() == []
    drive_for(world, timedelta(minutes=15))
    assert _cases() == ["line_waits"]


@pytest.mark.parametrize(
    "fault", [{"kind": "odd_body"}, {"kind": "error"}, {"kind": "too_many", "retry_after": 0}], ids=str
)
@pytest.mark.parametrize("account", ["onelink", "1nce"])
def test_a_carrier_that_cannot_be_read_is_one_case_with_a_count(
    world: World, account: str, fault: dict[str, object]
) -> None:
    sims = make_sims(world, account, 3)
    _forever(world, account, operation="read", **fault)
    order = make_paid_order(world, sims, OFFERINGS[account])
    drive_for(world, timedelta(hours=3))

    assert line_states(order) == ["READY"] * 3
    case = Case.objects.get(state="OPEN")
    assert (case.kind, case.subject_kind, case.subject_id, case.facts["count"]) == (
        "carrier_account_waits", "carrieraccount", world.accounts[account].pk, 3,
    )  # fmt: skip

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=30))
    assert line_states(order) == ["COMPLETED"] * 3
    assert _cases() == []


def test_a_card_that_cannot_be_read_is_a_case_of_its_own_where_others_get_through(world: World) -> None:
    odd, *others = make_sims(world, "1nce", 4)
    _forever(world, "1nce", kind="odd_body", operation="sim", iccid=odd.iccid)
    order = make_paid_order(world, [odd], "nce-12")
    for sim in others:
        drive_for(world, timedelta(minutes=45))
        make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(minutes=10))

    case = Case.objects.get(state="OPEN")
    assert (case.kind, case.subject_id) == ("line_waits", order.lines.get().pk)


def test_a_carrier_that_is_down_for_days_is_one_case_and_no_sending_in_vain(world: World) -> None:
    sims = make_sims(world, "onelink", 2)
    world.sandbox.control.down("onelink")
    orders = [make_paid_order(world, [sim], "cm-12") for sim in sims]
    drive_for(world, timedelta(days=3))

    assert _cases() == ["carrier_account_waits"]
    assert not Attempt.objects.exclude(sent_at=None).exists()

    world.sandbox.control.up("onelink")
    drive_for(world, timedelta(hours=1))
    assert [line_states(order) for order in orders] == [["COMPLETED"], ["COMPLETED"]]
    assert _cases() == []


def test_lines_of_our_empty_account_are_told_of_by_the_case_of_its_pause(world: World) -> None:
    account = world.accounts["onelink"]
    world.sandbox.control.account("onelink", 0)
    order = make_paid_order(world, make_sims(world, "onelink", 2), "cm-12")
    for _ in range(8):  # more often than a line may be sent: it was never the line's trouble
        drive_for(world, timedelta(minutes=30))
        resume([account.pk])
    drive_for(world, timedelta(hours=3))
    case = Case.objects.get(state="OPEN")
    assert (case.kind, case.facts["count"]) == ("carrier_account_paused", 2)
    assert not OrderLine.objects.filter(is_set_aside=True).exists()

    world.sandbox.control.account("onelink", None)
    resume([account.pk])
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["COMPLETED", "COMPLETED"]
    assert _cases() == []


def test_lines_of_a_paused_offering_are_one_case(world: World) -> None:
    order = make_paid_order(world, make_sims(world, "onelink", 2), "cm-12")
    Offering.objects.filter(code="cm-12").update(paused_at=clock.now())
    drive_for(world, timedelta(hours=3))
    assert _cases() == ["offering_waits"]

    Offering.objects.filter(code="cm-12").update(paused_at=None)
    drive_for(world, timedelta(hours=1))
    assert (line_states(order), _cases()) == (["COMPLETED", "COMPLETED"], [])


def test_a_refused_card_that_cannot_be_looked_at_again_is_a_case(world: World) -> None:
    world.sandbox.control.fault(peer="1nce", kind="refuse", operation="change", reason="plan")
    order = make_paid_order(world, make_sims(world, "1nce"), "nce-12")
    drive_for(world, timedelta(minutes=10))
    assert line_states(order) == ["REJECTED"]
    _forever(world, "1nce", kind="odd_body", operation="read")
    drive_for(world, timedelta(hours=45))
    assert _cases() == []
    drive_for(world, timedelta(hours=5))
    assert _cases() == ["look_back_waits"]

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(hours=1))
    assert _cases() == []


def test_what_nobody_waits_for_may_take_a_day(world: World) -> None:
    make_paid_order(world, make_sims(world, "onelink"), "cm-12", is_waited_for=False)
    pause([world.accounts["onelink"].pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")

    drive_for(world, timedelta(hours=23))
    assert _cases() == []
    drive_for(world, timedelta(hours=2))
    assert _cases() == ["carrier_account_waits"]


def test_a_hundred_lines_that_wait_for_their_end_are_one_case(world: World) -> None:
    world.sandbox.control.settings(settle_seconds=10**7)
    CarrierAccount.objects.update(verify_within=timedelta(days=30))
    make_paid_order(world, make_sims(world, "onelink", 25), "cm-12")
    drive_for(world, timedelta(hours=3))

    assert Case.objects.get(state="OPEN").facts["count"] == 25


def test_a_line_behind_another_of_its_card_is_no_second_case(world: World) -> None:
    world.sandbox.control.settings(settle_seconds=10**7)
    CarrierAccount.objects.update(verify_within=timedelta(days=30))
    sims = make_sims(world, "onelink")
    first, second = make_paid_order(world, sims, "cm-12"), make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(hours=3))

    assert line_states(first) + line_states(second) == ["ACCEPTED", "READY"]
    assert Case.objects.get(state="OPEN").subject_id == first.lines.get().pk


def test_a_case_that_a_person_closed_comes_again_after_a_day(world: World) -> None:
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    pause([world.accounts["onelink"].pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")
    drive_for(world, timedelta(hours=3))
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        close_case(
            Case.objects.get(state="OPEN").pk,
            why=PersonReason.A_PERSON_SAYS,
            detail="known; the carrier mends it tomorrow",
        )

    drive_for(world, timedelta(hours=20))
    assert _cases() == []
    drive_for(world, timedelta(hours=5))
    assert _cases() == ["carrier_account_waits"]


def test_a_refund_that_the_provider_never_tells_of_is_a_case_after_a_day(world: World) -> None:
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="plan")
    _forever(world, "wechatpay", kind="error", operation="refund_query")
    world.sandbox.control.settings(notices=False)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")

    drive_for(world, timedelta(hours=23))
    assert _cases() == []
    drive_for(world, timedelta(hours=7))
    assert _cases() == ["refund_overdue"]

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(hours=2))
    assert Refund.objects.get().state == "SUCCEEDED"
    assert _cases() == []


def test_a_payment_that_cannot_be_opened_ends_when_its_time_is_over(world: World) -> None:
    _forever(world, "wechatpay", kind="error", operation="native")
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(hours=1))

    order.refresh_from_db()
    assert (order.state, Payment.objects.get().state, _cases()) == ("EXPIRED", "CLOSED", [])


@pytest.mark.parametrize("operation", ["query", "close"])
def test_a_payment_that_comes_to_no_end_is_a_case_after_two_hours(world: World, operation: str) -> None:
    _forever(world, "wechatpay", kind="error", operation=operation)
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(hours=3))
    assert _cases() == ["payment_waits"]

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(hours=1))
    order.refresh_from_db()
    assert (order.state, _cases()) == ("EXPIRED", [])


def test_a_provider_that_is_down_is_one_case_with_a_count(world: World) -> None:
    for sim in make_sims(world, "onelink", 2):
        open_payments(world, make_order(world, [sim], "cm-12"))
    world.sandbox.control.down("wechatpay")
    drive_for(world, timedelta(hours=3))

    case = Case.objects.get(state="OPEN")
    assert (case.kind, case.subject_id, case.facts["count"]) == ("provider_account_waits", world.provider.pk, 2)

    world.sandbox.control.up("wechatpay")
    drive_for(world, timedelta(hours=1))
    assert (_cases(), set(Payment.objects.values_list("state", flat=True))) == ([], {"CLOSED"})
