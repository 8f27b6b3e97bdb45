"""Mei Tel, a carrier that does not exist: the smallest whole stand-in, dropped in by a test."""

import secrets
from collections.abc import Callable
from zoneinfo import ZoneInfo

from xuliu.sandbox.engine.carrier import CarrierStandIn
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import DEED, Fault
from xuliu.sandbox.engine.orders import Wanted
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.sims import CarrierPlan, CarrierTerms
from xuliu.sandbox.engine.stand_in import Intent

CODE = "mei-tel"
WHY = {"sim": "sim", "plan": "plan", "account": "balance", "temporary": "later"}
STATES = {"waiting": "queued", "done": "done", "failed": "refused"}


class StandIn(CarrierStandIn):
    """One key; orders by our reference, of which the same again is the same order."""

    code = CODE
    name = "Mei Tel"
    path = "/api"
    settings = {"meitel_greeting": "plain"}
    choices = {"meitel_greeting": ("plain", "warm")}
    terms = CarrierTerms(
        zone=ZoneInfo("Asia/Shanghai"),
        plans=(
            CarrierPlan(carrier=CODE, code="year", name="一年", months=12, bytes=10**9, cost_minor=1200),
            CarrierPlan(carrier=CODE, code="100M", name="加油包", bytes=10**8, cost_minor=300),
        ),
    )

    @classmethod
    def make_keys(cls) -> Keys:
        """One."""
        return Keys({"key": secrets.token_hex(16)}, {})

    def route(self, request: Request) -> Intent | Response:
        """Two questions about SIMs, an order, a question about it."""
        body = request.json() or {}
        match request.method, request.path.removeprefix(self.path).strip("/").split("/"):
            case "GET", ["sims"]:
                return Intent("sims", "read", self._checked(request, lambda: json_response({"count": 1})))
            case "GET", ["sims", iccid]:
                return Intent("sim", "read", self._checked(request, lambda: self._sim(iccid)), "", (iccid,))
            case "POST", ["orders"]:
                iccid, reference = str(body.get("iccid")), str(body.get("reference"))
                run = self._checked(request, lambda: self._order(iccid, reference, str(body.get("plan"))))
                return Intent("order", "change", run, reference, (iccid,))
            case "GET", ["orders", reference]:
                return Intent("order_query", "read", self._checked(request, lambda: self._shown(reference)), reference)
        return Response(404)

    def faulty(self, fault: Fault, request: Request) -> Response:
        """Too many, a key that is gone, or trouble of its own."""
        if fault.kind == "too_many":
            return Response(429, headers={"Retry-After": str(fault.more.get("retry_after", 1))})
        return Response(401 if fault.kind == "token_expired" else int(fault.more.get("status", 500)))

    def _checked(self, request: Request, run: Callable[[], Response]) -> Callable[[], Response]:
        is_ours = request.headers.get("x-key") == self._credentials["key"]
        return run if is_ours else lambda: Response(401)

    def _sim(self, iccid: str) -> Response:
        self._orders.settle()
        sim = self._sims.find(CODE, "iccid", iccid)
        if sim is None:
            return Response(404)
        names = ("iccid", "granted_bytes", "used_bytes", "ends_on")
        return json_response({name: sim[name] for name in names} | {"is_on": sim["state"] == "active"})

    def _order(self, iccid: str, reference: str, code: str) -> Response:
        if self._orders.by_reference(CODE, reference):
            return self._shown(reference)
        sim, plan = self._sims.find(CODE, "iccid", iccid), self._sims.plan(CODE, code)
        fault = self._faults.pick(CODE, "order", "change", kinds=DEED, iccids=(iccid,), reference=reference)
        if fault and fault.kind == "refuse":
            return _refused(fault.reason)
        refusal = None if sim is None else self._orders.refusal(sim, plan, may_be_expired=True)
        if sim is None or plan is None or refusal:
            return _refused(refusal.reason if refusal else "sim")
        if not self._orders.can_pay(CODE, plan.cost_minor):
            return _refused("account")
        self._orders.place(
            carrier=CODE,
            operation="order",
            reference=reference,
            number=f"M{self._store.next_number(CODE):08d}",
            plan=plan,
            wanted=[Wanted(sim, fault)],
            is_batch=False,
        )
        if fault and fault.kind == "deliver_after_refusing":
            return _refused(fault.reason)
        return self._shown(reference)

    def _shown(self, reference: str) -> Response:
        self._orders.settle()
        order = self._orders.by_reference(CODE, reference)
        if order is None:
            return Response(404)
        (line, *_) = self._orders.lines(order["number"])
        whose = line["reason"].partition("/")[0]  # of what failed; "" of the rest
        return json_response({"number": order["number"], "state": STATES[line["state"]], "why": WHY.get(whose, "")})


def _refused(whose: str) -> Response:
    return json_response({"state": "refused", "why": WHY[whose]})
