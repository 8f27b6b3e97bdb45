"""What every carrier connector owes, held over real HTTP against its recorded answers.

Whatever lies in carrier/connectors/ is found and held to it; a file dropped in brings its recorded answers along as
tests/recorded_<module>.py beside its file, or tests/recorded.py in its folder (see tests/contracts/peer.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.peer import Drip, Fault, RecordedCall, Reply, Silence
from tests.contracts.rigs import CODES, Rig, connector_module, recorded_answers, rigged
from xuliu.carrier.contract import Action, NoAnswer, NotSent, Outcome, Proof, Reason, SimKey
from xuliu.carrier.identity import readings_of
from xuliu.carrier.registry import all_connectors
from xuliu.common.configuration import settings_of

HURRIED_SECONDS = 0.3
Owed = Callable[[Rig, Action], None]
ODD_BODIES = [b"", b"<html>502</html>", b"[]", b"null", b'{"half": ', b"\xff\xfe", b'"ok"', b"{}", b"0"]
LOST = [
    Silence(is_held=True),
    Silence(is_held=False),
    Drip(),
    *(Reply(status=status) for status in (301, 302, 500, 502, 503, 504)),
    *(Reply(status=200, body=body, headers={"content-type": "application/json"}) for body in ODD_BODIES),
]


@pytest.fixture(params=CODES)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rigged(request.param) as rig:
        yield rig


@pytest.fixture(params=[Action.RENEW, Action.ADD_ON])
def action(request: pytest.FixtureRequest, rig: Rig) -> Action:
    if request.param not in rig.connector.capabilities.actions:
        pytest.skip(f"{rig.connector.code} does not offer {request.param}")
    return Action(request.param)


def hurry_for(fault: Fault, rig: Rig) -> None:
    """A short deadline for an answer that never comes, once there is a token."""
    if isinstance(fault, Drip | Silence):
        rig.read()
        rig.session.deadline_seconds = HURRIED_SECONDS


def needs_tokens(rig: Rig) -> None:
    """Leaves out the rest of a test for a carrier that is asked with a key instead."""
    if not rig.recorded.token:
        pytest.skip(f"{rig.connector.code} has no tokens")


@pytest.mark.parametrize("code", CODES)
def test_a_connector_says_what_it_is(code: str) -> None:
    made = all_connectors()[code]
    can = made.capabilities
    secrets = [name for name, setting in settings_of(made.Config).items() if setting.is_secret]

    assert made.name["zh-hans"]
    assert secrets, "credentials that are not marked as secret would be shown"
    assert can.actions
    assert can.proofs & {Proof.PERIOD_END, Proof.PLAN_LISTED, Proof.ORDER_QUERY} or Action.RENEW not in can.actions
    assert can.proofs & {Proof.GRANTED_TOTAL, Proof.PLAN_LISTED, Proof.ORDER_QUERY} or Action.ADD_ON not in can.actions
    assert can.has_order_query or Proof.ORDER_QUERY not in can.proofs
    assert can.batch_size >= 1
    assert can.read_batch_size >= 1
    assert can.parallel >= 1
    assert 0 < can.deadline_seconds <= 30
    assert timedelta(0) < can.settles_within <= can.verify_within <= timedelta(hours=72)


@pytest.mark.parametrize("code", CODES)
def test_a_connector_brings_its_recorded_answers_along(code: str) -> None:
    recorded = recorded_answers(code)

    assert set(recorded.plan_codes) == all_connectors()[code].capabilities.actions
    assert {refusal.outcome for refusal in recorded.refusals} >= {Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN}


@pytest.mark.parametrize("code", CODES)
def test_a_connector_names_one_card_and_one_number_alike_however_they_are_given(code: str) -> None:
    recorded, connector = recorded_answers(code), all_connectors()[code]
    names, form = connector.names_of(recorded.iccid), connector.capabilities.msisdn

    assert recorded.iccid in names
    assert {connector.names_of(name) for name in names} == {names}
    known = recorded.msisdn or "882285100000017"
    assert form.written(known) == form.written(form.whole(known)) == known
    assert form.written(f"{form.country_code}12") is None


@pytest.mark.parametrize("code", CODES)
def test_a_connector_knows_neither_django_nor_the_database(code: str) -> None:
    module = connector_module(code)
    file = Path(str(module.__file__))
    is_folder = file.stem == "connector"
    own = module.__name__.removesuffix(".connector")

    for source in (path.read_text() for path in (file.parent.glob("*.py") if is_folder else [file])):
        ours = [line for line in source.splitlines() if line.startswith(("import xuliu", "from xuliu"))]
        assert ours == [line for line in ours if line.startswith(("from xuliu.carrier.contract import", f"from {own}"))]
        assert "django" not in source


def test_a_change_that_is_taken_on_reaches_the_carrier_once_and_carries_our_reference(rig: Rig, action: Action) -> None:
    answer = rig.submit(rig.change(action))

    assert answer.outcome in (Outcome.DONE, Outcome.ACCEPTED)
    assert rig.changes_seen() == 1
    (logged,) = [call for call in rig.session.log if call.is_change]
    assert logged.reference == "l17a1"


def test_the_same_reference_twice_has_one_effect_or_the_carrier_takes_none(rig: Rig, action: Action) -> None:
    first, second = rig.submit(rig.change(action)), rig.submit(rig.change(action))

    if rig.connector.capabilities.takes_reference:
        assert second == first
        sent = [asked.body + repr(asked.query).encode() for asked in rig.peer.asked if rig.recorded.is_change(asked)]
        assert all(b"l17a1" in body for body in sent), "a carrier can only recognise what it is given"
    else:
        assert rig.changes_seen() == 2


@pytest.mark.parametrize("fault", LOST, ids=repr)
def test_no_usable_answer_is_not_a_no(rig: Rig, action: Action, fault: Fault) -> None:
    hurry_for(fault, rig)
    rig.on_change(fault)

    answer = rig.submit(rig.change(action))

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.detail


@pytest.mark.parametrize("fault", [Silence(is_held=True), Drip()], ids=repr)
def test_a_call_ends_when_its_deadline_does(rig: Rig, action: Action, fault: Fault) -> None:
    hurry_for(fault, rig)
    rig.on_change(fault)

    began = time.monotonic()
    rig.submit(rig.change(action))

    assert time.monotonic() - began < HURRIED_SECONDS + 1


def test_a_refused_connection_is_certainly_not_sent(rig: Rig, action: Action) -> None:
    rig.peer.close()

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.AWAY)


def test_too_many_calls_is_not_sent_and_says_when_to_come_again(rig: Rig, action: Action) -> None:
    rig.on_change(Reply(status=429, headers={"retry-after": "17"}))

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.AWAY)
    assert answer.retry_after_seconds == 17


def test_a_stated_refusal_is_told_with_whose_trouble_it_is(rig: Rig, action: Action) -> None:
    for refusal in rig.recorded.refusals:
        if refusal.action not in (None, action):
            continue
        rig.on_change(refusal.reply)

        answer = rig.submit(rig.change(action))

        assert (answer.outcome, answer.reason) == (refusal.outcome, refusal.reason), refusal
        assert answer.detail


def test_an_expired_token_is_replaced_and_the_change_sent_once_more(rig: Rig, action: Action) -> None:
    needs_tokens(rig)
    rig.read()
    answers = iter([rig.recorded.stale_token])
    rig.peer.answer = lambda asked: (
        next(answers, rig.recorded.answer(asked)) if rig.recorded.is_change(asked) else rig.recorded.answer(asked)
    )

    answer = rig.submit(rig.change(action))

    assert answer.outcome in (Outcome.DONE, Outcome.ACCEPTED)
    assert rig.changes_seen() == 2
    assert sum(rig.recorded.is_token(asked) for asked in rig.peer.asked) == 2


def test_a_token_that_stays_refused_is_not_tried_for_ever(rig: Rig, action: Action) -> None:
    needs_tokens(rig)
    rig.on_change(rig.recorded.stale_token)

    answer = rig.submit(rig.change(action))

    assert answer.outcome is Outcome.NOT_SENT
    assert rig.changes_seen() == 2


def test_refused_credentials_are_the_accounts_trouble_and_nothing_is_done(rig: Rig, action: Action) -> None:
    is_asked_first = rig.recorded.is_token if rig.recorded.token else rig.recorded.is_change
    rig.peer.answer = lambda asked: (
        rig.recorded.bad_credentials if is_asked_first(asked) else rig.recorded.answer(asked)
    )

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.ACCOUNT)
    assert rig.changes_seen() == (0 if rig.recorded.token else 1)


@pytest.mark.parametrize("fault", [Silence(is_held=False), Drip(), Reply(status=502), Reply(body=b"{}")], ids=repr)
def test_a_token_that_cannot_be_had_keeps_the_change_back(rig: Rig, action: Action, fault: Fault) -> None:
    needs_tokens(rig)
    rig.session.deadline_seconds = HURRIED_SECONDS
    rig.peer.answer = lambda asked: fault if rig.recorded.is_token(asked) else rig.recorded.answer(asked)

    answer = rig.submit(rig.change(action))

    assert answer.outcome is Outcome.NOT_SENT
    assert rig.changes_seen() == 0


def test_secrets_and_tokens_never_stand_in_the_call_log(rig: Rig, action: Action) -> None:
    rig.submit(rig.change(action))
    rig.read()
    rig.find(rig.change(action))
    rig.always(rig.recorded.bad_credentials)
    rig.submit(rig.change(action))

    log = repr(rig.session.log)
    config = type(rig.connector).Config
    secrets = [rig.recorded.config[name] for name, setting in settings_of(config).items() if setting.is_secret]
    assert rig.session.log
    for secret in [*secrets, *filter(None, [rig.recorded.token])]:
        assert secret not in log


def test_a_card_that_the_carrier_does_not_know_is_refused_and_not_an_error(rig: Rig) -> None:
    stranger = SimKey(iccid=rig.recorded.unknown_iccid)

    (reading,) = rig.connector.read(rig.session, [stranger])

    assert reading is not None
    assert reading.iccid == stranger.iccid
    assert reading.refused


def test_a_reading_says_what_the_carrier_says(rig: Rig) -> None:
    reading = rig.read()

    assert reading.refused == ""
    assert reading.state == "active"
    assert isinstance(reading.period_end_on, date)
    assert reading.granted_bytes is not None
    assert reading.used_bytes is not None
    assert reading.granted_bytes == reading.used_bytes + (reading.left_bytes or 0)


def naming_another(rig: Rig, path: str) -> None:
    """From now on the answers at that path are another SIM's."""

    def answer(asked: RecordedCall) -> Reply:
        return (rig.recorded.of_another(asked) if asked.path == path else None) or rig.recorded.answer(asked)

    rig.peer.answer = answer


def paths_that_name_a_sim(rig: Rig, ask: Callable[[], object]) -> list[str]:
    """The paths asked then at which the carrier says whose answer it is."""
    rig.peer.asked.clear()
    ask()
    return sorted({asked.path for asked in rig.peer.asked if rig.recorded.of_another(asked) is not None})


def test_a_reading_that_names_another_sim_is_no_reading(rig: Rig) -> None:
    paths = paths_that_name_a_sim(rig, rig.read)
    assert paths, "nothing that this carrier says of a SIM names it: then of_another has to say so for each path"

    for path in paths:
        naming_another(rig, path)
        try:
            read = readings_of([rig.sim], [rig.read()])
        except NoAnswer:
            continue
        assert read == [None], path


def test_a_change_is_not_found_in_what_names_another_sim(rig: Rig, action: Action) -> None:
    before, change = rig.read(), rig.change(action)
    number = rig.submit(change).number
    rig.once_done(action)
    for known in ("", number):
        paths = paths_that_name_a_sim(rig, lambda: rig.find(change, before=before, number=known))  # noqa: B023  # run at once
        for path in paths:
            naming_another(rig, path)
            assert rig.find(change, before=before, number=known).outcome is Outcome.UNKNOWN, path
        rig.once_done(action)


def test_an_answer_to_a_change_that_names_another_sim_is_no_answer(rig: Rig, action: Action) -> None:
    change = rig.change(action)
    for path in paths_that_name_a_sim(rig, lambda: rig.submit(change)):
        naming_another(rig, path)
        assert rig.submit(change).outcome is Outcome.UNKNOWN, path


def test_nothing_said_of_any_card_is_raised_as_what_it_was(rig: Rig) -> None:
    rig.always(Reply(status=429, headers={"retry-after": "3"}))
    with pytest.raises(NotSent) as too_many:
        rig.read()
    assert too_many.value.retry_after_seconds == 3

    rig.peer.answer = lambda asked: rig.recorded.answer(asked) if rig.recorded.is_token(asked) else Reply(status=503)
    with pytest.raises(NoAnswer):
        rig.read()


def test_a_question_that_gets_no_answer_leaves_the_change_unknown(rig: Rig, action: Action) -> None:
    before = rig.read()
    number = rig.submit(rig.change(action)).number
    rig.always(Reply(status=503))

    assert rig.find(rig.change(action), before=before).outcome is Outcome.UNKNOWN
    assert rig.find(rig.change(action), before=before, number=number).outcome is Outcome.UNKNOWN


def test_a_lost_change_is_found_by_what_stands_on_the_card(rig: Rig, action: Action) -> None:
    if rig.connector.capabilities.takes_reference:
        pytest.skip("found by its reference")
    before = rig.read()
    rig.on_change(Silence(is_held=False))
    assert rig.submit(rig.change(action)).outcome is Outcome.UNKNOWN

    assert rig.find(rig.change(action), before=before).outcome is Outcome.NOT_FOUND
    rig.once_done(action)
    assert rig.find(rig.change(action), before=before).outcome is Outcome.DONE


def test_without_a_reading_from_before_nothing_is_concluded(rig: Rig, action: Action) -> None:
    if rig.connector.capabilities.takes_reference:
        pytest.skip("found by its reference")

    assert rig.find(rig.change(action), before=None).outcome is Outcome.UNKNOWN


def test_a_change_with_a_number_is_never_said_not_to_have_happened(rig: Rig, action: Action) -> None:
    before = rig.read()
    number = rig.submit(rig.change(action)).number
    assert number

    assert rig.find(rig.change(action), number=number, before=before).outcome is not Outcome.NOT_FOUND


NAMES = ["status", "message", "result", "token", "access_token", "ttl", "expires_in", "orderNum", "jobId", "jobStatus"]
NAMES += ["resultList", "msisdn", "iccid", "cardStatus", "accmMarginList", "totalAmount", "offeringInfoList"]
NAMES += ["expiriedDate", "total_volume", "expiry_date", "imei"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=json_values, status=st.sampled_from([200, 200, 201, 400, 404, 422, 500]), spoils_token=st.booleans())
def test_whatever_a_carrier_says_no_exception_escapes(code: str, said: Any, status: int, spoils_token: bool) -> None:
    with rigged(code) as rig:

        def spoiled(asked: RecordedCall) -> Reply:
            is_spared = rig.recorded.is_token(asked) and not spoils_token
            return rig.recorded.answer(asked) if is_spared else Reply.of(said, status)

        before = rig.read()
        rig.peer.answer = spoiled
        for action in rig.connector.capabilities.actions:
            rig.submit(rig.change(action))
            rig.find(rig.change(action), before=before)
            rig.find(rig.change(action), before=before, number="17")
        with suppress(NotSent, NoAnswer):
            rig.read()
