"""OneLink's own ways, beyond what the shared contract test holds it to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import pytest

from tests.contracts.on_paper import on_paper
from tests.contracts.peer import RecordedCall, Refusal, Reply
from tests.contracts.rigs import Rig, recorded_answers, rigged
from xuliu.carrier.connectors.onelink.connector import ZONE, Connector
from xuliu.carrier.connectors.onelink.tests.recorded import ADD_ON_PLAN, FIRST_PLAN, MSISDN, said
from xuliu.carrier.contract import (
    Action,
    Answer,
    Change,
    NoAnswer,
    NotSent,
    Outcome,
    Question,
    Reason,
    SimKey,
    civil_date,
)  # fmt: skip

LIN, MEI, STRANGER = "89860400000000000017", "89860400000000000025", "89860400000000000033"
REFUSALS = recorded_answers("onelink").refusals
NUMBERS = {LIN: "1440000000017", MEI: "1440000000025", STRANGER: "1440000000033"}


@pytest.fixture
def rig() -> Iterator[Rig]:
    with rigged("onelink") as rig:
        yield rig


def make_change(iccid: str, *, plan: str = "0", msisdn: str | None = None, reference: str = "") -> Change:
    """An add-on for that card."""
    sim = SimKey(iccid=iccid, msisdn=NUMBERS[iccid] if msisdn is None else msisdn)
    return Change(
        reference=reference or f"l{iccid[-2:]}a1", sim=sim, action=Action.ADD_ON, plan_code=plan, size_bytes=1
    )


def answers_to(rig: Rig, paths: Mapping[str, Reply]) -> None:
    """The peer answers these paths so, and all others as recorded."""
    rig.peer.answer = lambda asked: paths.get(asked.path.removeprefix("/v5/ec"), rig.recorded.answer(asked))


def orders_seen(rig: Rig) -> list[tuple[str, dict[str, Any]]]:
    """The orders that reached the peer: path and fields, without token and transid."""
    return [
        (
            asked.path.removeprefix("/v5/ec/order/"),
            {k: v for k, v in asked.json().items() if k not in ("token", "transid")},
        )
        for asked in rig.peer.asked
        if "/order/" in asked.path
    ]


def ask(rig: Rig, number: str, change: Change | None = None) -> Answer:
    """What became of that number."""
    now = rig.session.now()
    question = Question(change=change or make_change(LIN), number=number, sent_from=now, sent_to=now)
    (answer,) = rig.connector.find(rig.session, [question])
    return answer


def submit(rig: Rig, changes: Sequence[Change]) -> list[Answer]:
    return rig.connector.submit(rig.session, changes)


def test_several_cards_of_one_plan_are_one_bulk_order(rig: Rig) -> None:
    first, second, third = submit(rig, [make_change(LIN), make_change(MEI, plan="2"), make_change(STRANGER)])

    assert sorted(orders_seen(rig), key=repr) == [
        ("gprspackage-order", {"maincommoDity": "0", "packageType": "2", "msisdn": NUMBERS[MEI]}),
        (
            "gprspackage-order/batch",
            {"maincommoDity": "0", "packageType": "0", "msisdns": f"{NUMBERS[LIN]}_{NUMBERS[STRANGER]}"},
        ),
    ]
    assert [answer.reference for answer in (first, second, third)] == ["l17a1", "l25a1", "l33a1"]
    assert (first.number, second.number) == ("batch:20260310000000018", "20260310000000017")
    assert third.number == first.number


def test_a_plan_code_may_name_the_main_product(rig: Rig) -> None:
    submit(rig, [make_change(LIN, plan="1:3")])

    assert orders_seen(rig) == [
        ("gprspackage-order", {"maincommoDity": "1", "packageType": "3", "msisdn": NUMBERS[LIN]})
    ]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [("该号码不存在", Outcome.REJECTED), ("同一卡号30分钟内不能重复办理业务", Outcome.NOT_SENT)],
)
def test_a_bulk_order_refused_for_one_card_is_sent_without_it(rig: Rig, message: str, outcome: Outcome) -> None:
    def answer(asked: RecordedCall) -> Reply:
        is_spoiled = "/order/" in asked.path and NUMBERS[STRANGER].encode() in asked.body
        return said(status="12000", message=message) if is_spoiled else rig.recorded.answer(asked)

    rig.peer.answer = answer
    changes = [make_change(LIN), make_change(MEI), make_change(STRANGER)]

    answers = submit(rig, changes)

    assert [each.outcome for each in answers] == [Outcome.ACCEPTED, Outcome.ACCEPTED, outcome]
    assert answers[2].retry_after_seconds == (1800 if outcome is Outcome.NOT_SENT else None)


def test_a_refusal_of_the_account_is_not_tried_card_by_card(rig: Rig) -> None:
    rig.on_change(said(status="12000", message="接口调用过于频繁"))

    answers = submit(rig, [make_change(LIN), make_change(MEI), make_change(STRANGER)])

    assert {(each.outcome, each.reason) for each in answers} == {(Outcome.NOT_SENT, Reason.AWAY)}
    assert rig.changes_seen() == 1


def test_numbers_that_we_do_not_know_are_asked_for(rig: Rig) -> None:
    known, unknown = submit(rig, [make_change(LIN, msisdn=""), make_change(STRANGER, msisdn="")])

    assert orders_seen(rig) == [("gprspackage-order", {"maincommoDity": "0", "packageType": "0", "msisdn": MSISDN})]
    assert known.outcome is Outcome.ACCEPTED
    assert (unknown.outcome, unknown.reason) == (Outcome.REJECTED, Reason.SIM)


def test_a_refused_question_for_several_numbers_condemns_none_of_the_cards(rig: Rig) -> None:
    answers_to(rig, {"/query/sim-card-info/batch": said(status="12010", message="号码不存在")})

    answers = submit(rig, [make_change(LIN, msisdn=""), make_change(MEI, msisdn="")])

    assert {each.outcome for each in answers} == {Outcome.NOT_SENT}
    assert rig.changes_seen() == 0


def test_orders_that_would_begin_after_the_deadline_are_kept_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    hurried = replace(rig.connector.capabilities, deadline_seconds=0.05)
    monkeypatch.setattr(type(rig.connector), "capabilities", hurried)

    def slow(asked: RecordedCall) -> Reply:
        if "/order/" in asked.path:
            Event().wait(0.1)
        return rig.recorded.answer(asked)

    rig.peer.answer = slow
    first, second = submit(rig, [make_change(LIN, plan="0"), make_change(MEI, plan="2")])

    assert first.outcome is Outcome.ACCEPTED
    assert (second.outcome, second.reason) == (Outcome.NOT_SENT, Reason.AWAY)
    assert rig.changes_seen() == 1


def test_a_transid_is_appid_time_in_china_and_eight_digits_made_from_our_reference(rig: Rig) -> None:
    submit(rig, [make_change(LIN, reference="l1a1")])
    submit(rig, [make_change(LIN, reference="l1a1")])
    submit(rig, [make_change(LIN, reference="l2a1")])

    first, second, other = [asked.json()["transid"] for asked in rig.peer.asked if "/order/" in asked.path]
    appid = rig.recorded.config["appid"]
    stamp = datetime.strptime(first[len(appid) : -8], "%Y%m%d%H%M%S").replace(tzinfo=UTC) - timedelta(hours=8)
    assert first.startswith(appid)
    assert abs(stamp - rig.session.now()) < timedelta(minutes=1)
    assert first[-8:] == second[-8:] != other[-8:]
    assert first[-8:].isdigit()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("completed", Outcome.DONE),
        ("acknowledged", Outcome.ACCEPTED),
        ("inProgress", Outcome.ACCEPTED),
        ("suspended", Outcome.ACCEPTED),
        ("failed", Outcome.REJECTED),
        ("aborted", Outcome.REJECTED),
        ("cancelled", Outcome.REJECTED),
    ],
)
def test_an_order_stands_as_its_query_says(rig: Rig, status: str, outcome: Outcome) -> None:
    answers_to(rig, {"/query/order-info": said({"orderNum": "17", "status": status})})

    assert ask(rig, "17").outcome is outcome


def test_an_order_that_they_have_forgotten_is_unknown(rig: Rig) -> None:
    answers_to(rig, {"/query/order-info": said()})

    assert ask(rig, "17").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("job", "outcome", "reason"),
    [
        ({"jobStatus": "0"}, Outcome.ACCEPTED, None),
        ({"jobStatus": "1"}, Outcome.ACCEPTED, None),
        ({"jobStatus": "4"}, Outcome.REJECTED, Reason.TEMPORARY),
        ({"jobStatus": "2", "resultList": [{"resultId": MSISDN, "status": "0"}]}, Outcome.DONE, None),
        (
            {"jobStatus": "3", "resultList": [{"resultId": MSISDN, "status": "12089", "message": "用户状态不允许"}]},
            Outcome.REJECTED,
            Reason.SIM,
        ),
        ({"jobStatus": "3", "resultList": [{"resultId": "1440000000025", "status": "0"}]}, Outcome.UNKNOWN, None),
        ({"jobStatus": "2"}, Outcome.UNKNOWN, None),
        ({}, Outcome.UNKNOWN, None),
    ],
)
def test_a_bulk_order_is_told_card_by_card(
    rig: Rig, job: dict[str, Any], outcome: Outcome, reason: Reason | None
) -> None:
    answers_to(rig, {"/query/sim-batch-result": said(job)})

    answer = ask(rig, "batch:18")

    assert (answer.outcome, answer.reason, answer.number) == (outcome, reason, "batch:18")


def test_a_bulk_order_is_asked_about_once_for_all_its_cards(rig: Rig) -> None:
    results = [{"resultId": number, "status": "0"} for number in NUMBERS.values()]
    answers_to(rig, {"/query/sim-batch-result": said({"jobStatus": "2", "resultList": results})})
    now = rig.session.now()
    questions = [
        Question(change=make_change(iccid), number="batch:18", sent_from=now, sent_to=now) for iccid in NUMBERS
    ]

    answers = rig.connector.find(rig.session, questions)

    assert [answer.outcome for answer in answers] == [Outcome.DONE] * 3
    assert sum("sim-batch-result" in asked.path for asked in rig.peer.asked) == 1


def test_the_totals_of_two_months_are_not_compared(rig: Rig) -> None:
    before = rig.read()
    rig.session.ahead = timedelta(days=32)

    assert rig.find(rig.change(Action.ADD_ON), before=before).outcome is Outcome.UNKNOWN
    assert rig.find(rig.change(Action.RENEW), before=before).outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize(
    ("plans", "ends_on"),
    [
        ([FIRST_PLAN], date(2027, 1, 1)),
        ([FIRST_PLAN, ADD_ON_PLAN], date(2027, 1, 1)),
        ([{**FIRST_PLAN, "expiriedDate": "20270401000000"}, FIRST_PLAN], date(2027, 4, 1)),
        ([{**FIRST_PLAN, "expiriedDate": "2099-12-31 23:59:59"}], None),
        ([{**FIRST_PLAN, "expiriedDate": " "}], None),
        ([], None),
    ],
)
def test_the_period_ends_with_the_last_plan_that_is_no_add_on(rig: Rig, plans: list[Any], ends_on: date | None) -> None:
    answers_to(rig, {"/query/ordered-offerings": said({"offeringInfoList": plans})})

    reading = rig.read()

    assert reading.period_end_on == ends_on
    assert len(reading.plans) == len(plans)


def test_bytes_are_counted_from_the_month_or_from_the_plan_that_began_in_it(rig: Rig) -> None:
    today = civil_date(rig.session.now(), ZONE)
    for began, counted_from in ((today.replace(day=1) - timedelta(days=1), today.replace(day=1)), (today, today)):
        plan = {**FIRST_PLAN, "effectiveDate": f"{began:%Y%m%d}000000", "expiriedDate": "20991231235959"}
        add_on = {**ADD_ON_PLAN, "effectiveDate": f"{today:%Y%m%d}000000"}
        answers_to(rig, {"/query/ordered-offerings": said({"offeringInfoList": [plan, add_on]})})

        assert rig.read().counted_from == counted_from


@pytest.mark.parametrize(
    ("status", "state"),
    [
        *zip(("1", "2", "4", "9"), ("in_stock", "active", "suspended", "terminated"), strict=True),
        *zip(("00", "02", "04", "07", "?"), ("active", "suspended", "terminated", "in_stock", ""), strict=True),
    ],
)
def test_a_card_status_is_told_in_our_word(rig: Rig, status: str, state: str) -> None:
    answers_to(rig, {"/query/sim-status": said({"cardStatus": status})})

    assert rig.read().state == state


def test_a_stopped_card_says_what_a_renewal_would_not_cure(rig: Rig) -> None:
    answers_to(rig, {"/query/sim-status": said({"cardStatus": "4"})})
    assert rig.read().blocked_why == "owing"

    stopped = {"/query/sim-status": said({"cardStatus": "4"}), "/query/sim-stop-reason": Reply(status=503)}
    answers_to(rig, stopped)
    assert rig.read().blocked_why == ""


def test_a_card_in_a_pool_has_no_bytes_of_its_own(rig: Rig) -> None:
    answers_to(rig, {"/query/sim-data-margin": said(status="12040", message="该卡已加入流量池")})

    reading = rig.read()

    assert (reading.granted_bytes, reading.used_bytes, reading.left_bytes) == (None, None, None)
    assert reading.period_end_on == date(2027, 1, 1)


def test_kilobytes_are_added_up_to_the_byte(rig: Rig) -> None:
    reading = rig.read()

    assert reading.granted_bytes == 307_200 * 1024
    assert reading.used_bytes == 1024 * 1024 + 512


def test_a_token_is_kept_for_as_long_as_they_say_but_half_an_hour_at_most(rig: Rig) -> None:
    answers_to(rig, {"/get/token": said({"token": rig.recorded.token, "ttl": "7200"})})
    rig.read()
    rig.session.ahead = timedelta(minutes=29)
    rig.read()
    assert sum(rig.recorded.is_token(asked) for asked in rig.peer.asked) == 1

    rig.session.ahead = timedelta(minutes=31)
    rig.read()
    assert sum(rig.recorded.is_token(asked) for asked in rig.peer.asked) == 2


def test_no_number_of_a_card_stands_in_what_people_read(rig: Rig) -> None:
    rig.on_change(said(status="12010", message=f"号码{MSISDN}不存在"))

    answer = rig.submit(rig.change(Action.ADD_ON))

    assert MSISDN not in answer.detail
    assert "…0017" in answer.detail


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1440500000003", "1440500000003"),
        ("861440500000003", "1440500000003"),
        ("8614724120000", "14724120000"),
        ("14724120000", "14724120000"),
        ("882285100000017", None),
        ("2440500000003", None),
        ("144050000000", None),
    ],
)
def test_a_number_is_written_without_the_country_code(given: str, written: str | None) -> None:
    assert Connector.capabilities.msisdn.written(given) == written


@pytest.mark.parametrize(
    "refusal", recorded_answers("onelink").refusals, ids=lambda refusal: refusal.reply.body.decode()
)
def test_what_keeps_a_card_from_being_looked_up_is_no_refusal_of_the_card_unless_it_is(refusal: Refusal) -> None:
    """25S05 gives each card a status of its own; words of another kind are no "unknown card", nor is no word at all."""
    held = on_paper("onelink")
    entry = {**json.loads(refusal.reply.body), "iccid": LIN}
    entries = [entry] if entry["status"] != "0" else []
    held.on(lambda asked: asked.path.endswith("/sim-card-info/batch"), said(*entries))

    (answer,) = held.connector.submit(held.session, [make_change(LIN, msisdn="")])

    is_the_cards = refusal.reason is Reason.SIM
    assert answer.outcome is (Outcome.REJECTED if is_the_cards else Outcome.NOT_SENT)
    assert (answer.reason is Reason.ACCOUNT) == (refusal.reason is Reason.ACCOUNT)
    if not is_the_cards:
        with pytest.raises((NotSent, NoAnswer)):
            held.connector.read(held.session, [SimKey(iccid=LIN)])


def test_one_cards_odd_answer_holds_up_no_other_card(rig: Rig) -> None:
    rig.peer.answer = lambda asked: (
        Reply(status=502) if NUMBERS[MEI].encode() in asked.body else rig.recorded.answer(asked)
    )

    sims = [SimKey(iccid=iccid, msisdn=NUMBERS[iccid]) for iccid in (LIN, MEI)]
    first, second = rig.connector.read(rig.session, sims)

    assert first is not None
    assert first.state == "active"
    assert second is None
