"""Every code has its words, in both languages, and no word stands twice for what is not the same."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from django.utils.translation import override

import xuliu
from xuliu.carrier.contract import Outcome
from xuliu.carrier.contract import Proof as CarrierProof
from xuliu.carrier.notes import Note
from xuliu.catalog.models import Offering
from xuliu.common.deciding import NotDecided
from xuliu.common.findings import TryResult
from xuliu.common.reasons import MOST_LETTERS, WhyCode
from xuliu.interfaces.wording import accounts, cases, decisions, reasons, refusals, states, steps, subjects, terms
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.models import Channel, Order, OrderLine
from xuliu.ordering.progress import StepCode
from xuliu.payment.models import Notice, Payment, Refund, RefundNumber
from xuliu.ticket.kinds import CaseKind
from xuliu.ticket.models import Case

ALL_OF_THEM: list[tuple[Mapping[Any, Any], Any]] = [
    (states.ORDERS, Order.State),
    (states.SIMS, Sim.State),
    (states.LINE_STATES, OrderLine.State),
    (states.PAYMENT_STATES, Payment.State),
    (states.REFUND_STATES, Refund.State),
    (states.REFUND_NUMBER_STATUSES, ["", *RefundNumber.Status]),
    (states.NOTICE_STATES, Notice.State),
    (states.CASE_STATES, Case.State),
    (states.ATTEMPT_OUTCOMES, ["", *Outcome]),
    (accounts.FOUND, TryResult),
    (terms.KINDS, Offering.Kind),
    (terms.STARTS, Offering.Start),
    (terms.AFTER_EXPIRY, Offering.AfterExpiry),
    (terms.PROOFS, Offering.Proof),
    (terms.PROOFS, CarrierProof),
    (subjects.CHANNELS, Channel),
    (reasons.NOTES, Note),
    (refusals.REFUSALS, RefusalCode),
    (steps.STEPS, StepCode),
    ({code: why for table in decisions.WHY_NOT.values() for code, why in table.items()}, NotDecided),
]
MODULES = (accounts, cases, decisions, reasons, refusals, states, steps, subjects, terms)


def tables() -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Every table of words, by its name."""
    for module in MODULES:
        for name, table in vars(module).items():
            if name.isupper() and isinstance(table, Mapping):
                yield f"{module.__name__}.{name}", table


def texts(words: Any) -> list[str]:
    """All the texts of one row, but its tone."""
    if isinstance(words, states.Word):
        return [str(words.text)]
    if isinstance(words, Mapping):
        return [text for row in words.values() for text in texts(row)]
    return [text for word in words for text in texts(word)] if isinstance(words, tuple) else [str(words)]


@pytest.mark.parametrize(("table", "codes"), ALL_OF_THEM)
def test_a_table_has_words_for_every_code_and_for_nothing_else(table: Mapping[Any, Any], codes: Any) -> None:
    assert {str(code) for code in table} == {str(code) for code in codes}


def test_no_text_of_a_table_is_left_in_english_for_chinese_readers() -> None:
    for name, table in tables():
        with override("en"):
            english = [texts(row) for row in table.values()]
        with override("zh-hans"):
            chinese = [texts(row) for row in table.values()]
        for said, read in zip(english, chinese, strict=True):
            assert [text for text in said if text and text in read] == [], name


def test_tones_are_the_four_that_surfaces_draw() -> None:
    both = [word for table in (states.ORDERS, states.SIMS) for words in table.values() for word in words]
    known = [word for table in states.STATES_OF.values() for word in table.values()]
    others = [*states.PERSON_EVENTS.values(), *states.SWITCH_STATES.values(), *states.ATTEMPT_OUTCOMES.values()]
    assert {word.tone for word in [*both, *known, *others]} == {"well", "soon", "dark", "plain"}


def test_a_refusal_is_a_sentence_for_payers_and_a_phrase_with_its_remedy_for_staff() -> None:
    with override("en"):
        paused = refusals.for_payer("account_paused")
        assert paused
        assert paused.text.startswith("This carrier's renewals are stopped for the moment.")
        assert refusals.for_staff("account_paused") == "the carrier account is paused"
        told = refusals.with_remedy("account_paused")
        assert told == "It cannot be had: the carrier account is paused. The console says why."
    with override("zh-hans"):
        assert refusals.with_remedy("account_paused") == "无法办理：运营商账户已暂停。原因见控制台。"
    with override("en"):
        for words in refusals.REFUSALS.values():
            assert str(words.payer).endswith(".")
            assert not str(words.staff).endswith(".")
            assert str(words.remedy).endswith(".") or not words.remedy


def test_a_refusal_that_nobody_foresaw_is_said_without_its_code_to_payers_and_with_it_to_staff() -> None:
    with override("en"):
        unforeseen = refusals.for_payer("never_heard_of")
        assert unforeseen
        assert (unforeseen.code, "never_heard_of" in unforeseen.text) == ("unexpected", False)
        assert refusals.with_remedy("never_heard_of") == "It cannot be had: never_heard_of."
        assert refusals.for_payer("") is None


def test_a_step_is_said_before_and_after_it_happened() -> None:
    with override("en"):
        said = [steps.step(StepCode.SUBMITTED, is_done=is_done, carrier="China Mobile") for is_done in (True, False)]
    assert said == ["Sent to China Mobile", "Send to China Mobile"]


@pytest.mark.parametrize(
    ("table", "shape"),
    [(reasons.REASONS, WhyCode), (cases.CASE_KINDS, CaseKind)],
    ids=["reasons", "kinds of cases"],
)
def test_whatever_package_names_a_code_it_has_words_and_no_word_is_left_over(
    table: Mapping[str, Any], shape: type[WhyCode | CaseKind]
) -> None:
    every_module()

    codes = [code for enum in shape.__subclasses__() if ".tests" not in enum.__module__ for code in enum]

    assert {str(code) for code in codes} == {str(code) for code in table}
    assert [code for code in codes if len(code) > MOST_LETTERS] == []


def every_module() -> None:
    """All enums are known once all modules are."""
    for found in walk_packages(xuliu.__path__, "xuliu."):
        if not {"tests", "migrations", "__main__"} & set(found.name.split(".")):
            import_module(found.name)


def test_a_reason_is_read_in_the_readers_language_with_what_was_said_behind_it() -> None:
    with override("zh-hans"):
        assert reasons.reason("provider_does_not_find_it") == "查无此单"
        assert reasons.reason("line_not_sent", "HTTP 503") == "未提交：HTTP 503"
        assert reasons.reason("line_not_sent", "another_sim") == "未提交：返回的是另一张卡的数据"
        assert reasons.reason("a_person_says", "seen in the portal") == "seen in the portal"
        assert reasons.reason("", "the carrier's own word") == "the carrier's own word"
        assert reasons.refund_reason("paid_late", "4200002345") == "报价过期后才付款（4200002345）"
        assert reasons.refund_reason("rest", "") == "余款"
