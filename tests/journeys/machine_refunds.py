"""What the state machine knows of refunds: how they end at the provider, late truth, second numbers, our own keys."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.make import make_person
from tests.world import World, await_notices, drive_for
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import CannotDecide
from xuliu.payment import anew
from xuliu.payment.models import Refund

OUTCOMES = ("success", "closed", "abnormal", "hold")
ENDS = ("success", "success", "abnormal", "closed")
OURS = [(401, "SIGN_ERROR"), (403, "NO_AUTH"), (404, "MCH_NOT_EXISTS")]
REFUSED = [(400, "INVALID_REQUEST"), (404, "RESOURCE_NOT_EXISTS"), (403, "USER_ACCOUNT_ABNORMAL")]
INDEX = st.integers(0, 5)


class RefundRules(RuleBasedStateMachine):
    """Rules of refunds; the machine has the world."""

    world: World

    @abstractmethod
    def somebody_orders_and_pays(self, picks: list[int], offering: int, count: int) -> None:
        """As the machine does it."""

    @rule(outcome=st.sampled_from(OUTCOMES), pick=INDEX)
    def a_line_is_refused_and_its_refund_ends_so(self, outcome: str, pick: int) -> None:
        control = self.world.sandbox.control
        control.settings(refund_outcome=outcome)
        control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=2)
        self.somebody_orders_and_pays(picks=[pick], offering=0, count=1)
        drive_for(self.world, timedelta(minutes=3))

    @precondition(lambda self: Refund.objects.exists())
    @rule(pick=INDEX, status=st.sampled_from(ENDS), times=st.integers(1, 2))
    def the_provider_ends_a_refund_late(self, pick: int, status: str, times: int) -> None:
        """Also one that it had closed, which it says that it never does: its number then gives the money twice."""
        refunds = [one for one in self._books()["refunds"] if one["status"] != "success"]
        if refunds:
            refund = refunds[pick % len(refunds)]
            self._end(refund, status)
            with suppress(ValueError):
                self.world.sandbox.control.repeat_notice(refund["reference"], times=times, kind="refund")
        await_notices(self.world)

    @precondition(lambda self: Refund.objects.filter(state="FAILED").exists())
    @rule(pick=INDEX, is_second_there=st.booleans())
    def people_decide_about_a_failed_refund(self, pick: int, is_second_there: bool) -> None:
        refund = Refund.objects.filter(state="FAILED").order_by("id")
        chosen = refund[pick % refund.count()]
        for name in ("Olga", "Otto")[: 1 + is_second_there]:
            with acting(Actor("person", make_person(name).pk, name)):
                for decide in (anew.ask_anew, anew.send_again):
                    with suppress(CannotDecide):
                        decide(refund_id=chosen.pk, why="our balance is filled")

    @rule(refusal=st.sampled_from(OURS), count=st.integers(2, 9))
    def the_provider_refuses_our_keys(self, refusal: tuple[int, str], count: int) -> None:
        self._refuse(refusal, operation="*", count=count)

    @rule(refusal=st.sampled_from(REFUSED), operation=st.sampled_from(("refund", "native", "jsapi")))
    def the_provider_refuses_refunds_or_openings(self, refusal: tuple[int, str], operation: str) -> None:
        self._refuse(refusal, operation=operation, count=1)

    def let_refunds_end(self) -> None:
        """What the provider still holds has its end."""
        self.world.sandbox.control.settings(refund_outcome="success")
        for refund in self._books()["refunds"]:
            if refund["status"] == "pending":
                self._end(refund, "success")

    def people_see_to_what_was_sent_in_vain(self) -> None:
        """It is sent once more."""
        with acting(Actor("person", make_person("Olga").pk, "Olga")):
            for refund in Refund.objects.filter(state="UNKNOWN"):
                with suppress(CannotDecide):
                    anew.send_again(refund_id=refund.pk, why="the provider works again")

    def _refuse(self, refusal: tuple[int, str], **where: Any) -> None:
        status, code = refusal
        self.world.sandbox.control.fault(peer="wechatpay", kind="refuse", status=status, code=code, **where)

    def _end(self, refund: dict[str, Any], status: str) -> None:
        """The provider gives back no more than it was paid."""
        sums = self._books()["by_reference"][refund["payment"]]
        counts = refund["amount_minor"] if refund["status"] == "pending" else 0
        if status != "success" or sums["refunded_minor"] - counts + refund["amount_minor"] <= sums["paid_minor"]:
            self.world.sandbox.control.end_refund(refund["reference"], status)

    def _books(self) -> Any:
        return self.world.sandbox.control.books()["providers"]["wechatpay"]
