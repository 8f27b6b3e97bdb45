"""1NCE's own ways, beyond what the shared contract test holds it to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from tests.contracts.peer import RecordedCall, Reply
from tests.contracts.rigs import Rig, connector, rigged
from xuliu.carrier.connectors.onence.connector import Connector
from xuliu.carrier.connectors.onence.tests.recorded import ICCID, QUOTA
from xuliu.carrier.contract import Action, Outcome, Reason, SimKey


@pytest.fixture
def rig() -> Iterator[Rig]:
    with rigged("1nce") as rig:
        yield rig


def change_seen(rig: Rig) -> RecordedCall:
    """The one change that reached the peer."""
    (asked,) = [asked for asked in rig.peer.asked if rig.recorded.is_change(asked)]
    return asked


def test_an_add_on_is_a_top_up_without_a_body(rig: Rig) -> None:
    answer = rig.submit(rig.change(Action.ADD_ON))

    assert change_seen(rig).path == f"/management-api/v1/sims/{ICCID}/topup"
    assert change_seen(rig).body == b""
    assert (answer.outcome, answer.number) == (Outcome.ACCEPTED, "1234")


@pytest.mark.parametrize(
    ("plan", "body"),
    [("7", {"iccids": [ICCID], "productId": 7}), ("", {"iccids": [ICCID]}), ("extension", {"iccids": [ICCID]})],
)
def test_a_renewal_extends_one_sim_by_its_product_or_by_the_one_named(rig: Rig, plan: str, body: object) -> None:
    rig.submit(replace(rig.change(Action.RENEW), plan_code=plan))

    assert change_seen(rig).path == "/management-api/v1/sims/extension"
    assert change_seen(rig).json() == body


def test_how_we_are_charged_is_said_where_it_is_set(rig: Rig) -> None:
    rig.submit(rig.change(Action.ADD_ON))
    assert change_seen(rig).query == {}

    rig.peer.asked.clear()
    config = {**rig.recorded.config, "payment_method": "monthlyinvoice"}
    charged = connector("1nce", f"{rig.peer.address}{rig.recorded.base_path}", config)
    charged.submit(rig.session, [rig.change(Action.ADD_ON)])
    assert change_seen(rig).query == {"payment_method": "monthlyinvoice"}


def test_the_token_travels_in_a_header_and_the_secret_in_another(rig: Rig) -> None:
    rig.submit(rig.change(Action.ADD_ON))

    login = next(asked for asked in rig.peer.asked if rig.recorded.is_token(asked))
    assert login.headers["authorization"] == "Basic emhvdTpMaW4tcy1vd24td29yZA=="
    assert login.json() == {"grant_type": "client_credentials"}
    assert change_seen(rig).headers["authorization"] == f"Bearer {rig.recorded.token}"


@pytest.mark.parametrize(
    ("iccid", "names"),
    [
        ("89882806660000000010", ["8988280666000000001"]),
        ("89882806660000000028", []),
        ("89882806660000000014", ["89882806660000000014"]),
        ("898600A0000000000001", ["898600A0000000000001"]),
    ],
)
def test_a_sim_is_ordered_for_under_the_one_name_that_a_question_finds(rig: Rig, iccid: str, names: list[str]) -> None:
    rig.submit(replace(rig.change(Action.ADD_ON), sim=SimKey(iccid=iccid)))
    asked = [asked.path.split("/")[-2] for asked in rig.peer.asked if rig.recorded.is_change(asked)]
    (reading,) = rig.connector.read(rig.session, [SimKey(iccid=iccid)])

    assert asked == names
    assert reading is not None
    assert reading.iccid == iccid
    assert bool(reading.refused) == (names != [ICCID])


def test_that_a_sim_is_expired_is_no_answer_to_its_extension(rig: Rig) -> None:
    rig.on_change(Reply.of({"message": "Quux"}, 422))

    assert rig.submit(rig.change(Action.RENEW)).outcome is Outcome.UNKNOWN
    assert rig.submit(rig.change(Action.ADD_ON)).outcome is Outcome.REJECTED


def test_a_404_to_an_order_is_not_answered_by_a_second_order(rig: Rig) -> None:
    rig.on_change(Reply(status=404))

    rig.submit(replace(rig.change(Action.RENEW), sim=SimKey(iccid=f"{ICCID}0")))

    assert rig.changes_seen() == 1


def test_megabytes_are_a_million_bytes_and_exact(rig: Rig) -> None:
    reading = rig.read()

    assert reading.granted_bytes == 500_000_000
    assert reading.left_bytes == 435_787_951
    assert reading.used_bytes == 64_212_049
    assert reading.imei == "0000000000000018"


@pytest.mark.parametrize(
    ("expiry", "ends_on"),
    [
        ("2029-01-01T00:00:00.000Z", date(2029, 1, 1)),
        ("2028-12-31T23:59:59.000+0000", date(2029, 1, 1)),
        ("2028-12-31T12:00:00Z", date(2029, 1, 1)),
        (None, None),
        ("soon", None),
    ],
)
def test_the_first_day_not_served_is_utcs(rig: Rig, expiry: str | None, ends_on: date | None) -> None:
    rig.peer.answer = lambda asked: (
        Reply.of({**QUOTA, "expiry_date": expiry}) if "quota" in asked.path else rig.recorded.answer(asked)
    )

    assert rig.read().period_end_on == ends_on


def test_an_expired_sim_whose_quota_is_not_told_is_known_all_the_same(rig: Rig) -> None:
    rig.peer.answer = lambda asked: Reply(status=422) if "quota" in asked.path else rig.recorded.answer(asked)

    reading = rig.read()

    assert (reading.refused, reading.state, reading.period_end_on, reading.granted_bytes) == ("", "active", None, None)


@pytest.mark.parametrize("action", [Action.RENEW, Action.ADD_ON])
def test_a_queued_order_that_does_not_show_yet_is_still_to_come(rig: Rig, action: Action) -> None:
    before = rig.read()
    number = rig.submit(rig.change(action)).number

    waiting = rig.find(rig.change(action), number=number, before=before)
    assert (waiting.outcome, waiting.number) == (Outcome.ACCEPTED, "1234")

    rig.once_done(action)
    assert rig.find(rig.change(action), number=number, before=before).outcome is Outcome.DONE


def test_a_top_up_is_no_proof_of_a_renewal(rig: Rig) -> None:
    before = rig.read()
    rig.once_done(Action.ADD_ON)

    assert rig.find(rig.change(Action.RENEW), before=before).outcome is Outcome.NOT_FOUND


def test_a_quota_that_shrank_says_nothing(rig: Rig) -> None:
    before = replace(rig.read(), granted_bytes=900_000_000)

    assert rig.find(rig.change(Action.ADD_ON), before=before).outcome is Outcome.UNKNOWN


def test_a_bad_request_for_an_extension_is_the_products_trouble(rig: Rig) -> None:
    rig.on_change(Reply(status=400))

    answer = rig.submit(rig.change(Action.RENEW))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, Reason.PLAN)


def test_19_digits_and_the_same_with_their_luhn_digit_are_one_card_and_nothing_is_merged_by_cutting_alone() -> None:
    one_card = ("8988280666000000519", "89882806660000005191")

    assert Connector.names_of(one_card[0]) == Connector.names_of(one_card[1]) == one_card
    assert Connector.names_of("89882806660000005192") == ("89882806660000005192",)
    assert Connector.names_of("898828066600000051") == ("898828066600000051",)
