"""A carrier in one file: it is found, and held to the shared contract, by lying in the folder."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts import test_connectors as contract
from tests.contracts import test_examining as examining
from tests.contracts.peer import Reply, Silence
from tests.contracts.rigs import CODES, rigged
from xuliu.carrier import connectors
from xuliu.carrier.connectors import tests as recordings
from xuliu.carrier.contract import Action
from xuliu.carrier.registry import all_connectors, connector_class

DROPPED = Path(__file__).parent / "dropped"


@pytest.fixture
def mei_tel(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(DROPPED / "connectors")])
    monkeypatch.setattr(recordings, "__path__", [*recordings.__path__, str(DROPPED / "recorded")])
    yield "mei-tel"
    for name in (f"{connectors.__name__}.meitel", f"{recordings.__name__}.recorded_meitel"):
        sys.modules.pop(name, None)


def test_a_file_in_the_folder_is_a_connector(mei_tel: str) -> None:
    assert sorted([*CODES, mei_tel]) == list(all_connectors())
    assert connector_class(mei_tel).name["zh-hans"] == "美通"


def test_it_is_held_to_what_every_connector_owes(mei_tel: str) -> None:
    contract.test_a_connector_says_what_it_is(mei_tel)
    contract.test_a_connector_brings_its_recorded_answers_along(mei_tel)
    contract.test_a_connector_names_one_card_and_one_number_alike_however_they_are_given(mei_tel)
    contract.test_a_connector_knows_neither_django_nor_the_database(mei_tel)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    "owed",
    [
        contract.test_a_change_that_is_taken_on_reaches_the_carrier_once_and_carries_our_reference,
        contract.test_the_same_reference_twice_has_one_effect_or_the_carrier_takes_none,
        contract.test_a_refused_connection_is_certainly_not_sent,
        contract.test_too_many_calls_is_not_sent_and_says_when_to_come_again,
        contract.test_a_stated_refusal_is_told_with_whose_trouble_it_is,
        contract.test_refused_credentials_are_the_accounts_trouble_and_nothing_is_done,
        contract.test_secrets_and_tokens_never_stand_in_the_call_log,
        contract.test_a_question_that_gets_no_answer_leaves_the_change_unknown,
        contract.test_a_change_with_a_number_is_never_said_not_to_have_happened,
        contract.test_a_change_is_not_found_in_what_names_another_sim,
    ],
)
def test_one_that_takes_our_reference_keeps_the_contract(mei_tel: str, owed: contract.Owed, action: Action) -> None:
    with rigged(mei_tel) as rig:
        owed(rig, action)


def test_its_lost_answers_are_unknown_too(mei_tel: str) -> None:
    for fault in contract.LOST:
        if not isinstance(fault, Silence):
            with rigged(mei_tel) as rig:
                contract.test_no_usable_answer_is_not_a_no(rig, Action.RENEW, fault)


def test_its_account_is_tried_as_everybodys(mei_tel: str) -> None:
    with rigged(mei_tel) as rig:
        examining.test_an_account_that_works_is_found_right_by_questions_that_change_nothing(rig)
        examining.test_refused_credentials_are_found_wrong(rig)
    for fault in (Silence(is_held=False), Reply(status=502), Reply(status=429), Reply(body=b"<html>")):
        with rigged(mei_tel) as rig:
            examining.test_where_nobody_answers_an_account_is_neither_right_nor_wrong(rig, fault)
