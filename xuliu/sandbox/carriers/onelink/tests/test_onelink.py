"""OneLink's stand-in: tokens, readings, orders and their numbers."""

from pathlib import Path
from typing import Any

import pytest

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.conftest import LIN, MEI
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import get, post

LINS, MEIS = "1440000000017", "1440000000025"


def _margin(onelink: OneLinkCaller, msisdn: str = LINS) -> list[dict[str, str]]:
    return list(onelink.ask("/query/sim-data-margin", msisdn=msisdn)[0]["accmMarginList"])


def _ends(onelink: OneLinkCaller, msisdn: str = LINS) -> list[str]:
    listed = onelink.ask("/query/ordered-offerings", msisdn=msisdn, queryType="3")[0]["offeringInfoList"]
    return [one["expiriedDate"] for one in listed]


def _effects(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.control.books()["carriers"]["onelink"]["effects"])


def test_a_token_is_given_for_appid_and_password_and_expires(onelink: OneLinkCaller, clock_file: Path) -> None:
    onelink.fetch_token()
    assert onelink.ask("/query/sim-status", msisdn=LINS)
    clock_file.write_text("1801")
    assert onelink.refusal("/query/sim-status", msisdn=LINS) == "12021"
    onelink.fetch_token()
    assert onelink.ask("/query/sim-status", msisdn=LINS)


def test_a_wrong_password_a_foreign_transid_and_an_invented_token_are_refused(onelink: OneLinkCaller) -> None:
    wrong = {**onelink.credentials, "password": "guess", "transid": onelink.transid()}
    assert get(f"{onelink.base}/get/token", params=wrong).json()["status"] == "12022"
    assert onelink.refusal("/query/sim-status", msisdn=LINS, transid="1234") == "12004"
    assert onelink.refusal("/query/sim-status", msisdn=LINS, token="f" * 64) == "12021"


def test_a_card_is_found_by_any_one_of_its_numbers_and_only_by_one(onelink: OneLinkCaller) -> None:
    for named in ({"msisdn": LINS}, {"iccid": LIN}, {"imsi": "460040000000017"}):
        assert onelink.ask("/query/sim-basic-info", **named)[0]["iccid"] == LIN
    assert onelink.refusal("/query/sim-basic-info", msisdn=LINS, iccid=LIN) == "11000"
    assert onelink.refusal("/query/sim-basic-info") == "11000"
    assert onelink.refusal("/query/sim-basic-info", msisdn="1449999999999") == "12010"


def test_calls_are_taken_as_query_json_and_form(onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    fields = {"transid": onelink.transid(), "token": onelink.token, "msisdn": LINS}
    answers = [
        get(f"{onelink.base}/query/sim-status", params=fields),
        post(f"{onelink.base}/query/sim-status", json=fields),
        post(f"{onelink.base}/query/sim-status", data=fields),
    ]
    assert {answer.json()["result"][0]["cardStatus"] for answer in answers} == {"2"}


@pytest.mark.parametrize(
    ("state", "code"), [("active", "2"), ("suspended", "4"), ("testing", "6"), ("in_stock", "7"), ("terminated", "8")]
)
def test_a_cards_state_has_the_vendors_code(sandbox: Sandbox, onelink: OneLinkCaller, state: str, code: str) -> None:
    sandbox.control.sim(LIN, state=state)
    assert onelink.ask("/query/sim-status", msisdn=LINS)[0]["cardStatus"] == code


def test_usage_is_counted_in_kilobytes_of_1024(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    (base,) = _margin(onelink)
    assert (base["totalAmount"], base["useAmount"], base["remainAmount"]) == ("307200", "102400", "204800")
    assert onelink.ask("/query/sim-data-usage", msisdn=LINS)[0]["dataAmount"] == "102400"
    assert onelink.ask("/query/sim-data-usage", msisdn=MEIS)[0]["dataAmount"] == " "
    sandbox.control.usage(MEI, 1)
    assert onelink.ask("/query/sim-data-usage", msisdn=MEIS)[0]["dataAmount"] == "1"


def test_an_add_on_stands_beside_the_base_plan_and_costs(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.account("onelink", 2500)
    number = onelink.order(LINS, "0")
    base, add_on = _margin(onelink)
    assert (base["totalAmount"], add_on["offeringId"], add_on["totalAmount"]) == ("307200", "0", "102400")
    assert onelink.ask("/query/order-info", orderNum=number)[0]["status"] == "completed"
    (effect,) = _effects(sandbox)
    assert (effect["granted_after"] - effect["granted_before"], effect["cost_minor"]) == (100 * 1024**2, 1000)
    assert sandbox.control.books()["carriers"]["onelink"]["balance_minor"] == 1500


def test_renewals_stack_and_keep_the_anchor_day(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.order(LINS, "300M-1M")
    onelink.order(LINS, "300M-1M")
    assert _ends(onelink) == ["2050-01-30 23:59:59", "2050-02-27 23:59:59", "2050-03-30 23:59:59"]
    assert sandbox.control.sim(LIN)["ends_on"] == "2050-03-31"
    assert [effect["period_before"] for effect in _effects(sandbox)] == ["2050-01-31", "2050-02-28"]


def test_a_renewal_after_the_end_begins_today_with_fresh_data(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.sim(LIN, ends_on="2021-06-01")
    assert onelink.refusal("/order/gprspackage-order", msisdn=LINS, maincommoDity="0", packageType="0") == "12099"
    onelink.order(LINS, "300M-12M")
    (base,) = _margin(onelink)
    assert (base["totalAmount"], base["useAmount"]) == ("307200", "0")
    (effect,) = _effects(sandbox)
    assert (effect["period_before"], effect["starts_on"] > "2026-01-01") == ("2021-06-01", True)


def test_the_next_period_begins_with_its_day(sandbox: Sandbox, onelink: OneLinkCaller, clock_file: Path) -> None:
    today = sandbox.control.health()["now"][:10]
    year = str(int(today[:4]) + 1) + "-01-01"
    sandbox.control.sim(LIN, ends_on=year)
    onelink.order(LINS, "300M-12M")
    assert _margin(onelink)[0]["useAmount"] == "102400"
    clock_file.write_text(str(366 * 86400))
    onelink.fetch_token()
    assert _margin(onelink)[0]["useAmount"] == "0"


def test_an_order_waits_its_time_before_it_takes_effect(
    sandbox: Sandbox, onelink: OneLinkCaller, clock_file: Path
) -> None:
    sandbox.control.settings(settle_seconds=60)
    single, job = onelink.order(LINS, "0"), onelink.order_batch([MEIS], "0")
    assert onelink.ask("/query/order-info", orderNum=single)[0]["status"] == "inProgress"
    assert onelink.job(job) == {"jobStatus": "1"}
    assert _effects(sandbox) == []
    clock_file.write_text("61")
    assert onelink.ask("/query/order-info", orderNum=single)[0]["status"] == "completed"
    assert onelink.job(job)["jobStatus"] == "2"
    assert len(_effects(sandbox)) == 2


def test_a_job_says_of_each_card_what_came_of_it(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.sim(MEI, state="terminated")
    job = onelink.job(onelink.order_batch([LINS, MEIS, "1449999999999"], "300M-12M"))
    assert job["jobStatus"] == "3"
    assert {one["resultId"]: one["status"] for one in job["resultList"]} == {
        LINS: "0", MEIS: "12089", "1449999999999": "12010",
    }  # fmt: skip
    assert [effect["iccid"] for effect in _effects(sandbox)] == [LIN]


def test_an_unknown_number_has_no_result(onelink: OneLinkCaller) -> None:
    assert onelink.ask("/query/order-info", orderNum="O1") == []
    assert onelink.ask("/query/sim-batch-result", jobId="J1") == []


def test_what_cannot_be_had_is_refused_with_the_vendors_code(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    def refused(msisdn: str, plan: str) -> str:
        fields = {"msisdn": msisdn, "maincommoDity": "0", "packageType": plan}
        return onelink.refusal("/order/gprspackage-order", **fields)

    assert refused("1449999999999", "0") == "12010"
    assert refused(LINS, "nothing") == "12062"
    sandbox.control.account("onelink", 999)
    assert refused(LINS, "0") == "12051"
    sandbox.control.account("onelink", None)
    sandbox.control.sim(LIN, blocked="欠费")
    assert refused(LINS, "0") == "12089"
    assert _effects(sandbox) == []


def test_a_batch_takes_a_hundred_different_cards(onelink: OneLinkCaller) -> None:
    path, fields = "/order/gprspackage-order/batch", {"maincommoDity": "0", "packageType": "0"}
    many = "_".join(str(1440000000000 + at) for at in range(101))
    assert onelink.refusal(path, msisdns=many, **fields) == "11000"
    assert onelink.refusal(path, msisdns=f"{LINS}_{LINS}", **fields) == "11000"


def test_within_the_vendors_spacing_one_card_spoils_the_batch(
    sandbox: Sandbox, onelink: OneLinkCaller, clock_file: Path
) -> None:
    sandbox.control.settings(onelink_repeat_minutes=30)
    onelink.order(LINS, "0")
    path, fields = "/order/gprspackage-order/batch", {"maincommoDity": "0", "packageType": "0"}
    assert onelink.refusal(path, msisdns=f"{LINS}_{MEIS}", **fields) == "12071"
    clock_file.write_text("1801")
    onelink.fetch_token()
    onelink.order_batch([LINS, MEIS], "0")
    assert len(_effects(sandbox)) == 3


def test_a_repeated_transid_acts_again_unless_it_is_set_to_act_once(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    path, fields = "/order/gprspackage-order", {"msisdn": LINS, "maincommoDity": "0", "packageType": "0"}
    transid = onelink.transid()
    first, second = (onelink.ask(path, **fields, transid=transid)[0]["orderNum"] for _ in range(2))
    assert first != second
    sandbox.control.settings(onelink_transid="once")
    assert onelink.ask(path, **fields, transid=transid)[0]["orderNum"] == first
    assert len(_effects(sandbox)) == 2


def test_a_card_is_stopped_and_resumed(onelink: OneLinkCaller) -> None:
    onelink.ask("/change/sim-status", msisdn=LINS, operType="0")
    assert onelink.ask("/query/sim-status", msisdn=LINS)[0]["cardStatus"] == "4"
    assert onelink.refusal("/change/sim-status", msisdn=LINS, operType="0") == "12089"
    assert onelink.refusal("/change/sim-status/batch", msisdns=LINS, operType="11") == "11000"
    job = onelink.ask("/change/sim-status/batch", msisdns=LINS, operType="11", reason="01")[0]["jobId"]
    assert onelink.job(job)["jobStatus"] == "2"
    assert onelink.ask("/query/sim-status", msisdn=LINS)[0]["cardStatus"] == "2"


def test_every_reading_answers_in_the_vendors_shape(onelink: OneLinkCaller) -> None:
    numbers = onelink.ask("/query/sim-card-info/batch", iccids=f"{LIN}_{MEI}_nothing")
    assert [one["status"] for one in numbers] == ["0", "0", "12010"]
    names = {
        "sim-imei": "imei",
        "sim-stop-reason": "shutdownReasonDesc",
        "sim-manage-stop-restart-status": "manageStopRestartStatus",
        "purchasable-offerings": "offeringInfoList",
        "balance-info": "amount",
        "sim-real-name-status": "realNameStatus",
    }
    for path, name in names.items():
        assert name in onelink.ask(f"/query/{path}", msisdn=LINS)[0], path
    assert onelink.raw("/query/nothing").status_code == 404
