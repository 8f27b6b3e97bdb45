"""A provider in one folder and its stand-in in another, both dropped in: they keep what every provider owes."""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.contracts import (
    provider_desk,
    test_examining,
    test_provider_faults,
    test_provider_notices,
    test_providers,
)
from tests.contracts.provider_desk import Desk, desk_of
from xuliu.payment import providers
from xuliu.sandbox import providers as stand_ins
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests import test_dropped_in
from xuliu.sandbox.tests.test_dropped_in import running

__all__ = ["running"]

DROPPED = Path(__file__).parent / "dropped" / "providers"
CODE = "lan-pay"


def owed_by(*modules: ModuleType) -> list[Callable[..., Any]]:
    """Those tests that ask nothing but a desk."""
    found = [test for module in modules for name, test in vars(module).items() if name.startswith("test_")]
    return [test for test in found if list(inspect.signature(test).parameters) == ["desk"]]


OWED = owed_by(test_providers, test_provider_notices, test_provider_faults, test_examining)


@pytest.fixture
def lan_pay(running: Sandbox, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Our account at it. What an earlier test left on its books is gone."""
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(DROPPED)])
    monkeypatch.setattr(stand_ins, "__path__", [*stand_ins.__path__, str(test_dropped_in.HERE / "dropped/providers")])
    running.control.reset()
    with desk_of(CODE, running) as desk:
        yield desk
    for name in [
        name
        for name in sys.modules
        if name.startswith((f"{providers.__name__}.lanpay", f"{stand_ins.__name__}.lanpay"))
    ]:
        sys.modules.pop(name)


def test_most_of_the_contract_is_held_against_it() -> None:
    assert len(OWED) > 30


@pytest.mark.parametrize("owed", OWED, ids=lambda test: test.__name__)
def test_a_provider_that_is_dropped_in_keeps_the_contract(lan_pay: Desk, owed: Callable[[Desk], None]) -> None:
    owed(lan_pay)


def test_it_says_who_it_is(lan_pay: Desk) -> None:
    test_providers.test_it_says_who_it_is_and_what_it_can(CODE)
    test_providers.test_every_setting_is_labelled_and_its_addresses_can_be_pointed_elsewhere(CODE)


@pytest.mark.parametrize("how", test_provider_notices.FORGERIES)
def test_it_refuses_a_forged_notice(lan_pay: Desk, how: str) -> None:
    test_provider_notices.test_a_forged_or_replayed_notice_is_refused(lan_pay, how)


@pytest.mark.parametrize("what", provider_desk.UNANSWERED)
def test_no_usable_answer_decides_nothing(lan_pay: Desk, what: str) -> None:
    opening = lan_pay.opening()
    test_provider_faults.test_no_usable_answer_is_unknown_within_the_deadline_and_asking_again_acts_once(
        lan_pay, lambda: lan_pay.open(opening), what
    )
    lan_pay.sandbox.control.reset()
    test_provider_faults.test_a_question_without_a_usable_answer_says_nothing(lan_pay, what)


@pytest.mark.parametrize(
    "owed",
    [
        test_provider_faults.test_a_refused_connection_is_certainly_not_sent,
        test_provider_faults.test_too_many_requests_are_certainly_not_sent,
        test_provider_faults.test_a_stated_refusal_is_rejected_and_says_why,
        test_provider_faults.test_the_providers_own_trouble_is_unknown,
    ],
)
def test_it_tells_apart_what_did_not_happen(lan_pay: Desk, owed: Callable[..., None]) -> None:
    opening = lan_pay.opening()
    owed(lan_pay, lambda: lan_pay.open(opening))


@pytest.mark.parametrize(("status", "code"), [(401, "who"), (403, "no right"), (404, "nobody")])
def test_a_refusal_of_our_keys_is_told_apart(lan_pay: Desk, status: int, code: str) -> None:
    opening = lan_pay.opening()
    test_provider_faults.test_a_refusal_of_our_keys_is_told_apart_at_every_call(
        lan_pay, lambda: lan_pay.open(opening), status, code
    )
