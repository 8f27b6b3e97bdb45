"""What OneLink answers to questions: cards, usage, offerings, orders and jobs."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from xuliu.sandbox.carriers.onelink.words import CARD_STATES, CHINA, CODE, MESSAGES, REFUSALS, No
from xuliu.sandbox.engine.clock import instant, last_second
from xuliu.sandbox.engine.orders import Orders
from xuliu.sandbox.engine.sims import Sims
from xuliu.sandbox.engine.store import Row

KB = 1024
MOST_CARDS = 100
Fields = dict[str, str]


class Reads:
    """The interfaces that change nothing."""

    def __init__(self, sims: Sims, orders: Orders) -> None:
        self._sims = sims
        self._orders = orders

    def routes(self) -> dict[str, tuple[str, Callable[[Fields], list[Any]]]]:
        """Path → code and answer."""
        return {
            "/query/sim-status": ("25S04", self._status),
            "/query/sim-basic-info": ("23S00", self._basics),
            "/query/sim-card-info/batch": ("25S05", self._numbers),
            "/query/sim-imei": ("23S04", lambda fields: [{"imei": self._card(fields)["imei"] or " "}]),
            "/query/sim-stop-reason": ("25S02", self._stop_reason),
            "/query/sim-manage-stop-restart-status": ("23M40", self._freeze),
            "/query/sim-data-margin": ("23U07", self._margin),
            "/query/sim-data-usage": ("25U04", self._usage),
            "/query/ordered-offerings": ("23R00", self._ordered),
            "/query/purchasable-offerings": ("23R02", self._purchasable),
            "/query/balance-info": ("23B01", self._balance),
            "/query/sim-real-name-status": (
                "23A10",
                lambda fields: [{"realNameStatus": "1" if self._card(fields) else "0"}],
            ),
            "/query/order-info": ("23M27", self._order),
            "/query/sim-batch-result": ("23M10", self._job),
        }

    def _card(self, fields: Fields) -> Row:
        """The card named by exactly one of its three numbers."""
        named = [(name, fields[name]) for name in ("msisdn", "iccid", "imsi") if fields.get(name)]
        if len(named) != 1:
            raise No("11000")
        sim = self._sims.find(CODE, *named[0])
        if sim is None:
            raise No("12010")
        return sim

    def _status(self, fields: Fields) -> list[Any]:
        sim = self._card(fields)
        return [{"cardStatus": CARD_STATES[sim["state"]], "lastChangeDate": _spaced(instant(sim["changed_at"]))}]

    def _basics(self, fields: Fields) -> list[Any]:
        sim = self._card(fields)
        dates = {"activeDate": sim["base_starts_on"], "openDate": sim["base_starts_on"], "remark": sim["label"]}
        return [{"msisdn": sim["msisdn"], "imsi": sim["imsi"], "iccid": sim["iccid"], **dates}]

    def _numbers(self, fields: Fields) -> list[Any]:
        """25S05: an entry a card, each with a status of its own."""
        named = [
            (name, fields[f"{name}s"].split("_")) for name in ("msisdn", "iccid", "imsi") if fields.get(f"{name}s")
        ]
        if len(named) != 1 or len(named[0][1]) > MOST_CARDS:
            raise No("11000")
        name, values = named[0]
        return [self._numbers_of(name, value) for value in values]

    def _numbers_of(self, name: str, value: str) -> Row:
        sim = self._sims.find(CODE, name, value)
        if sim is None:
            return {"status": "12010", "message": MESSAGES["12010"], name: value}
        return {"status": "0", "message": MESSAGES["0"]} | {key: sim[key] for key in ("msisdn", "imsi", "iccid")}

    def _stop_reason(self, fields: Fields) -> list[Any]:
        sim = self._card(fields)
        reason = sim["blocked"] or ("申请停机" if sim["state"] == "suspended" else " ")
        return [{"platformType": "CT", "stopReason": "01" if reason.strip() else " ", "shutdownReasonDesc": reason}]

    def _freeze(self, fields: Fields) -> list[Any]:
        sim = self._card(fields)
        return [{"manageStopRestartStatus": "1" if sim["blocked"] else "0", "reason": sim["blocked"] or " "}]

    def _margin(self, fields: Fields) -> list[Any]:
        """23U07: the base plan first, then each add-on of the running period; what is used is taken in that order."""
        sim = self._card(fields)
        today = self._sims.today(CODE).isoformat()
        add_ons = [
            h
            for h in self._sims.holdings(sim["iccid"])
            if h["is_add_on"] and sim["starts_on"] <= h["starts_on"] <= today
        ]
        base = sim["granted_bytes"] - sum(holding["bytes"] for holding in add_ons)
        parts = [
            (sim["plan"] or "0000", self._name(sim["plan"]), base),
            *((h["plan"], h["name"], h["bytes"]) for h in add_ons),
        ]
        entries, used = [], sim["used_bytes"]
        for at, (code, name, size) in enumerate(parts):
            # What goes over everything granted stands with the last entry.
            taken = used if at == len(parts) - 1 else min(used, size)
            used -= taken
            amounts = {
                "totalAmount": size // KB,
                "useAmount": -(-taken // KB),
                "remainAmount": max(0, (size - taken) // KB),
            }
            entry = {"offeringId": code, "offeringName": name, "apnName": "CMIOT", "pccCode": " "}
            entries.append(entry | {key: str(value) for key, value in amounts.items()})
        return [{"accmMarginList": entries}]

    def _usage(self, fields: Fields) -> list[Any]:
        used = self._card(fields)["used_bytes"]
        amount = str(-(-used // KB)) if used else " "
        return [
            {"dataAmount": amount, "apnUseAmountList": [{"apnName": "CMIOT", "apnUseAmount": amount}] if used else []}
        ]

    def _ordered(self, fields: Fields) -> list[Any]:
        """23R00: base period, periods bought behind it, add-ons; what has ended only where nothing follows it."""
        if fields.get("queryType") != "3":
            raise No("11000")
        sim = self._card(fields)
        today = self._sims.today(CODE).isoformat()
        base = {"plan": sim["plan"] or "0000", "name": self._name(sim["plan"])}
        base |= {"starts_on": sim["base_starts_on"], "ends_on": sim["base_ends_on"]}
        held = self._sims.holdings(sim["iccid"])
        listed = [one for one in (base, *held) if one["ends_on"] > today or one["ends_on"] == sim["ends_on"]]
        return [{"offeringInfoList": [_offering(one) for one in listed]}]

    def _name(self, code: str) -> str:
        plan = self._sims.plan(CODE, code)
        return plan.name if plan else code or "物联卡基础套餐"

    def _purchasable(self, fields: Fields) -> list[Any]:
        self._card(fields)
        plans = [plan for plan in self._sims.plans(CODE) if plan["is_orderable"]]
        listed = [{"offeringId": plan["code"], "offeringName": plan["name"]} for plan in plans]
        return [{"totalCount": str(len(listed)), "offeringInfoList": listed}]

    def _balance(self, fields: Fields) -> list[Any]:
        self._card(fields)
        balance = self._orders.balance(CODE)
        amount = 999_999_99 if balance is None else balance
        return [{"accountId": "2001000001", "accountName": "续流沙箱", "amount": f"{amount / 100:.2f}"}]

    def _order(self, fields: Fields) -> list[Any]:
        """23M27; an unknown number has an empty result."""
        order = self._orders.order(fields.get("orderNum", ""))
        if order is None or order["carrier"] != CODE:
            return []
        states = {line["state"] for line in self._orders.lines(order["number"])}
        state = "inProgress" if "waiting" in states else "failed" if states == {"failed"} else "completed"
        at = order["settled_at"] or order["created_at"]
        dates = {"statusDate": _packed(at), "createDate": _packed(order["created_at"])}
        return [{"orderNum": order["number"], "status": state, **dates}]

    def _job(self, fields: Fields) -> list[Any]:
        """23M10; the list is there when the job is done."""
        job = self._orders.order(fields.get("jobId", ""))
        if job is None or job["carrier"] != CODE or not job["is_batch"]:
            return []
        if job["settled_at"] is None:
            return [{"jobStatus": "1"}]
        results = [_result(line) for line in self._orders.lines(job["number"])]
        has_failures = any(result["status"] != "0" for result in results)
        return [{"jobStatus": "3" if has_failures else "2", "resultList": results}]


def _result(line: Row) -> Row:
    """A card's entry in a job's result."""
    code = "0"
    if line["state"] == "failed":
        whose, _, why = line["reason"].partition("/")
        code = REFUSALS.get((whose, why), "19010")
    return {"status": code, "message": MESSAGES[code], "resultType": "1", "resultId": line["msisdn"]}


def _offering(holding: Row) -> Row:
    start = f"{holding['starts_on']} 00:00:00"
    end = last_second(date.fromisoformat(holding["ends_on"]))
    names = {"offeringId": holding["plan"], "offeringName": holding["name"]}
    return names | {"effectiveDate": start, "expiriedDate": f"{end:%Y-%m-%d %H:%M:%S}"}


def _spaced(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _packed(at: float) -> str:
    return instant(at).astimezone(CHINA).strftime("%Y%m%d%H%M%S")
