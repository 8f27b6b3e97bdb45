"""China Mobile IoT's OneLink, EC v5: token, transid, numbers for what is done later.

Names and meanings after two public clients, IoTCard/IoTOS (…/oneLink/ecV5/{InquireEcV5,ChangeEcV5,EcV5Api}.java) and
the DTOs of com.smoc.cloud.api.remote.cmcc.response; codes after the error tables of platforms that resell it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from xuliu.sandbox.carriers.onelink.reads import Reads
from xuliu.sandbox.carriers.onelink.words import CHINA, CODE, PLANS, REFUSALS, No, said, said_no
from xuliu.sandbox.engine.carrier import CarrierStandIn
from xuliu.sandbox.engine.clock import instant
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import DEED, Fault
from xuliu.sandbox.engine.orders import CarrierRefusal, Orders, Wanted
from xuliu.sandbox.engine.server import Request, Response
from xuliu.sandbox.engine.sims import CarrierPlan, CarrierTerms, Sims
from xuliu.sandbox.engine.stand_in import Intent, Parts
from xuliu.sandbox.engine.store import Row

PREFIX = "/v5/ec"
MOST_CARDS = 100
Fields = dict[str, str]
# operType of 23S03 and of 23S06 that stop a card and start it again; the others concern stock.
STOP, RESUME = {"0", "9"}, {"1", "11"}


@dataclass(frozen=True, slots=True)
class Interface:
    """A path of the interface: its code, its group and what answers it."""

    code: str
    group: str
    answer: Callable[[Fields], list[Any]]


class OneLink(CarrierStandIn):
    """The stand-in."""

    code = CODE
    name = "OneLink"
    path = PREFIX
    terms = CarrierTerms(zone=CHINA, plans=PLANS)
    settings = {"token_seconds": {CODE: 1800}, "onelink_repeat_minutes": 0, "onelink_transid": "free"}
    choices = {"onelink_transid": ("free", "once")}
    varying = ("transid", "token")

    def __init__(self, parts: Parts, sims: Sims, orders: Orders) -> None:
        super().__init__(parts, sims, orders)
        reads = Reads(sims, orders)
        self._routes = {path: Interface(code, "read", answer) for path, (code, answer) in reads.routes().items()}
        self._routes |= {
            "/get/token": Interface("token", "token", self._token),
            "/order/gprspackage-order": Interface("23R08", "change", self._order),
            "/order/gprspackage-order/batch": Interface("23R09", "change", self._order_batch),
            "/change/sim-status": Interface("23S03", "change", self._change_status),
            "/change/sim-status/batch": Interface("23S06", "change", self._change_status_batch),
        }

    def route(self, request: Request) -> Intent | Response:
        """Find the interface and the cards it is about."""
        found = self._routes.get(request.path.removeprefix(PREFIX)) if request.path.startswith(PREFIX) else None
        if found is None:
            return Response(404, b'{"status":"404","message":"Not Found"}', {"Content-Type": "application/json"})
        fields = request.fields()
        transid = fields.get("transid", "")
        return Intent(found.code, found.group, lambda: self._run(found, fields), transid, self._iccids(fields))

    def faulty(self, fault: Fault, request: Request) -> Response:
        """Token gone, too many, or the platform's own error."""
        if fault.kind == "token_expired":
            self._drop_token(request.fields().get("token", ""))
            return said_no(No("12021"))
        if fault.kind == "too_many":
            response = said_no(No("429", "接口调用频率超过限制"))
            response.status = 429
            response.headers["Retry-After"] = str(fault.more.get("retry_after", 1))
            return response
        return said_no(No("500"))

    def _run(self, route: Interface, fields: Fields) -> Response:
        self._orders.settle()
        try:
            if route.code != "token":
                self._check(fields)
            self._refuse(route, fields)
            return said(route.answer(fields))
        except No as no:
            return said_no(no)

    def _check(self, fields: Fields) -> None:
        """The right to ask: our appid in the transid, and a token that is good still."""
        if not fields.get("transid", "").startswith(self._credentials["appid"]):
            raise No("12004")
        if not self._is_token(fields.get("token", "")):
            raise No("12021")

    def _token(self, fields: Fields) -> list[Any]:
        if (fields.get("appid"), fields.get("password")) != (self._credentials["appid"], self._credentials["password"]):
            raise No("12022")
        token = secrets.token_hex(32)
        return [{"token": token, "ttl": str(self._keep_token(token))}]

    @classmethod
    def make_keys(cls) -> Keys:
        """An appid and a password."""
        return Keys({"appid": f"20{secrets.randbelow(10**11):011d}", "password": secrets.token_urlsafe(9)}, {})

    def _iccids(self, fields: Fields) -> tuple[str, ...]:
        """The cards a call is about, as ICCIDs, for faults and the log."""
        found: list[str] = []
        for name in ("iccid", "msisdn", "imsi"):
            values = [fields[name]] if name in fields else fields.get(f"{name}s", "").split("_")
            for value in filter(None, values):
                sim = self._sims.find(self.code, name, value)
                found.append(sim["iccid"] if sim else value)
        return tuple(found)

    def _refuse(self, route: Interface, fields: Fields) -> None:
        """A planted refusal of the whole call, whether or not it delivers afterwards. A batch makes a job or none:
        one that is delivered after all was taken on, and its cards are refused in the job's result."""
        for kind in ("refuse",) if route.code == "23R09" else ("refuse", "deliver_after_refusing"):
            fault = self._pick(route, fields, {kind}, self._iccids(fields))
            if fault is None:
                continue
            if kind == "deliver_after_refusing" and route.code == "23R08":
                self._place(route.code, fields, self._cards(fields), fault)
            raise No(str(fault.more.get("code", REFUSALS[fault.reason, "stated"])), fault.more.get("message"))

    def _pick(self, route: Interface, fields: Fields, kinds: set[str], iccids: tuple[str, ...]) -> Fault | None:
        reference = fields.get("transid", "")
        # In a batch a fault that names one card befalls that card alone; see _with_faults.
        if route.code == "23R09" and len(iccids) > 1:
            iccids = ()
        return self._faults.pick(self.code, route.code, route.group, kinds=kinds, iccids=iccids, reference=reference)

    def _order(self, fields: Fields) -> list[Any]:
        """23R08: one card; refusals are said at once."""
        return [{"orderNum": self._place("23R08", fields, self._cards(fields), None)}]

    def _order_batch(self, fields: Fields) -> list[Any]:
        """23R09: up to 100 cards; a card's refusal stands in the job's result."""
        return [{"jobId": self._place("23R09", fields, self._cards(fields), None)}]

    def _cards(self, fields: Fields) -> list[Row]:
        """The cards named by msisdn or msisdns. A single unknown card is refused; in a batch the whole call is."""
        named = [fields["msisdn"]] if fields.get("msisdn") else list(filter(None, fields.get("msisdns", "").split("_")))
        if not named or len(named) > MOST_CARDS or len(set(named)) < len(named):
            raise No("11000")
        found = [self._sims.find(self.code, "msisdn", msisdn) for msisdn in named]
        if len(found) == 1 and found[0] is None:
            raise No("12010")
        missing: Row = {"iccid": "", "carrier": self.code}
        return [sim or {**missing, "msisdn": msisdn} for sim, msisdn in zip(found, named, strict=True)]

    def _place(self, code: str, fields: Fields, cards: list[Row], refused: Fault | None) -> str:
        """Judge the cards, pay and write the order; returns its number. `refused`: it is done though we said no."""
        if fields.get("maincommoDity") not in ("0", "1") or not fields.get("packageType"):
            raise No("11000")
        if self._settings["onelink_transid"] == "once" and refused is None:
            before = self._orders.by_reference(self.code, fields["transid"])
            if before is not None:
                return str(before["number"])
        plan = self._sims.plan(self.code, fields["packageType"])
        if plan is None:
            raise No(REFUSALS["plan", "not_orderable"])
        wanted = [Wanted(card, refusal=self._refusal(card, plan)) for card in cards]
        self._check_call(code, plan, wanted)
        wanted = [replace(one, fault=refused) for one in wanted] if refused else self._with_faults(code, fields, wanted)
        number = self._write(code, fields, plan, wanted)
        late = [replace(one, refusal=None) for one in wanted if refused is None and _delivers(one)]
        if late:
            self._write(code, fields, plan, late)
        return number

    def _write(self, code: str, fields: Fields, plan: CarrierPlan, wanted: list[Wanted]) -> str:
        place = self._orders.place
        number, is_batch = self._number(code), code == "23R09"
        return place(
            carrier=self.code,
            operation=code,
            reference=fields["transid"],
            number=number,
            plan=plan,
            wanted=wanted,
            is_batch=is_batch,
        )

    def _number(self, code: str) -> str:
        day = instant(self._clock.timestamp()).astimezone(CHINA)
        return f"{'O' if code == '23R08' else 'J'}{day:%Y%m%d}{self._store.next_number(self.code):010d}"

    def _refusal(self, card: Row, plan: CarrierPlan) -> CarrierRefusal | None:
        if not card["iccid"]:
            return CarrierRefusal("sim", "unknown")
        return self._orders.refusal(card, plan, may_be_expired=plan.is_renewal)

    def _check_call(self, code: str, plan: CarrierPlan, wanted: list[Wanted]) -> None:
        """What refuses the call as a whole: its only card, the vendor's spacing, our account."""
        first = wanted[0].refusal
        if code == "23R08" and first is not None:
            raise No(REFUSALS[first.reason, first.kind])
        minutes = self._settings["onelink_repeat_minutes"]
        since = self._clock.timestamp() - 60 * minutes
        if minutes and any(self._orders.ordered_since(one.sim["iccid"], since) for one in wanted if one.sim["iccid"]):
            raise No(REFUSALS["temporary", "repeat"])
        if not self._orders.can_pay(self.code, plan.cost_minor * sum(one.refusal is None for one in wanted)):
            raise No(REFUSALS["account", "balance"])

    def _with_faults(self, code: str, fields: Fields, wanted: list[Wanted]) -> list[Wanted]:
        """The faults that befall the whole call, or single cards of it."""
        reference = fields["transid"]
        kinds = DEED - ({"refuse"} if code == "23R09" else {"refuse", "deliver_after_refusing"})
        pick = self._faults.pick
        whole = pick(self.code, code, "change", kinds=kinds, reference=reference)
        faulted: list[Wanted] = []
        for one in wanted:
            iccids = (one.sim["iccid"],)
            named = pick(self.code, code, "change", kinds=DEED, iccids=iccids, reference=reference, is_named=True)
            refusal, fault = one.refusal, named or whole
            if fault is not None and fault.kind in ("refuse", "deliver_after_refusing"):
                refusal = CarrierRefusal(fault.reason, "stated")
            faulted.append(Wanted(one.sim, fault, refusal))
        return faulted

    def _change_status(self, fields: Fields) -> list[Any]:
        """23S03: stop or resume one card."""
        for name in ("msisdn", "iccid", "imsi"):
            sim = self._sims.find(self.code, name, fields.get(name, ""))
            if sim is not None:
                self._switch(sim, fields.get("operType", ""))
                return [{name: sim[name]}]
        raise No("12010")

    def _change_status_batch(self, fields: Fields) -> list[Any]:
        """23S06: the same for up to 100; 9 and 11 need a reason."""
        if fields.get("operType") in ("9", "11") and not fields.get("reason"):
            raise No("11000")
        cards = [card for card in self._cards(fields) if card["iccid"]]
        for card in cards:
            self._switch(card, fields.get("operType", ""))
        now, number = self._clock.timestamp(), self._number("23S06")
        row: Row = {
            "number": number,
            "carrier": self.code,
            "reference": fields["transid"],
            "operation": "23S06",
            "is_batch": 1,
        }
        self._store.insert("orders", row | {"created_at": now, "settles_at": now, "settled_at": now})
        return [{"jobId": number}]

    def _switch(self, sim: Row, kind: str) -> None:
        wanted = "suspended" if kind in STOP else "active" if kind in RESUME else ""
        if not wanted:
            raise No("11000")
        if {"suspended": "active", "active": "suspended"}[wanted] != sim["state"]:
            raise No("12089")
        self._sims.change({"iccid": sim["iccid"], "state": wanted})


def _delivers(wanted: Wanted) -> bool:
    """Refused, and delivered all the same?"""
    return wanted.fault is not None and wanted.fault.kind == "deliver_after_refusing"
