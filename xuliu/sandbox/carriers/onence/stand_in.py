"""1NCE's management API: OAuth2, queued top-ups without a reference, quota and expiry to read back.

After the vendor's own descriptions (1nce-authorization.v1.yml, 1nce-sim-management.v1.yml); megabytes are 10⁶ bytes, as
the six decimals of its examples say.
"""

import base64
import binascii
import secrets
from functools import partial
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from xuliu.sandbox.carriers.onence.words import CODE, PLANS, card, quota, sms_quota, usage
from xuliu.sandbox.engine.carrier import CarrierStandIn
from xuliu.sandbox.engine.clock import instant
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import DEED, Fault
from xuliu.sandbox.engine.orders import CarrierRefusal, Orders, Wanted
from xuliu.sandbox.engine.routes import Route, find
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.sims import CarrierPlan, CarrierTerms, Sims
from xuliu.sandbox.engine.stand_in import Intent, Parts
from xuliu.sandbox.engine.store import Row

PREFIX = "/management-api"
STATUSES = {"unknown": 404, "state": 422, "expired": 422, "blocked": 403, "not_orderable": 400, "balance": 402}
STATED = {"sim": 403, "plan": 400, "account": 402, "temporary": 503}
PAGE, MOST_A_PAGE, MOST_EVENTS_A_PAGE = 10, 100, 1000


class NotHere(Exception):
    """A status and nothing else, as the vendor's description has it."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.message = message


class Nce(CarrierStandIn):
    """The stand-in."""

    code = CODE
    name = "1NCE"
    path = PREFIX
    terms = CarrierTerms(zone=ZoneInfo("UTC"), plans=PLANS, counts_over_lifetime=True)
    settings = {"token_seconds": {CODE: 3600}}
    faults = {**CarrierStandIn.faults, "other_sim": ()}

    def __init__(self, parts: Parts, sims: Sims, orders: Orders) -> None:
        super().__init__(parts, sims, orders)
        self._routes = (
            Route("POST", r"/oauth/token", "token", "token", self._token),
            Route("GET", r"/v1/sims", "sims", "read", self._list),
            Route("POST", r"/v1/sims", "update_many", "change", self._update_many),
            Route("POST", r"/v1/sims/topup", "topup_many", "change", self._topup_many),
            Route("POST", r"/v1/sims/extension", "extension", "change", self._extension),
            Route("GET", r"/v1/sims/(\w{1,64})", "sim", "read", lambda _, iccid: json_response(card(self._sim(iccid)))),
            Route("PUT", r"/v1/sims/(\w{1,64})", "update", "change", self._update),
            Route("GET", r"/v1/sims/(\w{1,64})/status", "status", "read", self._status),
            Route("GET", r"/v1/sims/(\w{1,64})/quota/data", "quota_data", "read", self._quota),
            Route("GET", r"/v1/sims/(\w{1,64})/quota/sms", "quota_sms", "read", self._quota_sms),
            Route("GET", r"/v1/sims/(\w{1,64})/usage", "usage", "read", self._usage),
            Route("GET", r"/v1/sims/(\w{1,64})/events", "events", "read", self._events),
            Route(
                "POST",
                r"/v1/sims/(\w{1,64})/topup",
                "topup",
                "change",
                lambda _, iccid: self._order("topup", "topup", [iccid]),
            ),
            Route("GET", r"/v1/orders/(\w{1,64})", "order", "read", self._order_shown),
        )

    def route(self, request: Request) -> Intent | Response:
        """Find the operation and the SIMs it is about."""
        found = find(self._routes, request.method, request.path.removeprefix(PREFIX))
        if found is None:
            return Response(404)
        route, named = found
        iccids = (named,) if named and route.operation != "order" else tuple(_named(request))
        another = partial(self._mistaken, named) if route.operation == "sim" else None
        run = partial(self._run, route, request, named, iccids)
        return Intent(route.operation, route.group, run, "", iccids, another)

    def faulty(self, fault: Fault, request: Request) -> Response:
        """401 with the token gone, 429, or the gateway's error."""
        if fault.kind == "token_expired":
            self._drop_token(request.headers.get("authorization", "").removeprefix("Bearer "))
            return Response(401)
        if fault.kind == "too_many":
            return Response(429, b"", {"Retry-After": str(fault.more.get("retry_after", 1))})
        return json_response({"message": "Internal Server Error"}, 500)

    def _run(self, route: Route, request: Request, named: str, iccids: tuple[str, ...]) -> Response:
        self._orders.settle()
        try:
            if route.group != "token":
                self._check(request)
            self._refuse(route, request, iccids)
            return route.answer(request, named)
        except NotHere as no:
            return json_response({"message": no.message}, no.status) if no.message else Response(no.status)

    def _check(self, request: Request) -> None:
        """A Bearer token that is good still."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._is_token(token):
            raise NotHere(401)

    def _refuse(self, route: Route, request: Request, iccids: tuple[str, ...]) -> None:
        """A planted refusal, whether or not it delivers afterwards."""
        operation = route.operation
        for kind in ("refuse", "deliver_after_refusing"):
            fault = self._faults.pick(self.code, operation, route.group, kinds={kind}, iccids=iccids)
            if fault is None:
                continue
            if kind == "deliver_after_refusing" and operation in ("topup", "topup_many", "extension"):
                body = request.json()
                code = str(body.get("productId") or "") if isinstance(body, dict) else "topup"
                self._order(operation, code, list(iccids), fault)
            raise NotHere(int(fault.more.get("status", STATED[fault.reason])), str(fault.more.get("message", "")))

    def _token(self, request: Request, _: str) -> Response:
        """Client credentials: Basic client:secret and the grant in a JSON body."""
        user, password = _basic(request.headers.get("authorization", ""))
        if not user or not password:
            missing = "username" if not user else "password"
            return _bad("AuthValidationError", f"Auth header validation error: Missing attributes '{missing}'")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _bad("UnsupportedContentTypeError", "Content-Type not supported")
        body = request.json()
        if not isinstance(body, dict) or body.get("grant_type") != "client_credentials":
            return _bad("BodyValidationError", "Request body validation error: Missing attributes 'grant_type'")
        if (user, password) != (self._credentials["client_id"], self._credentials["client_secret"]):
            return _bad("BadCredentials", "User does not exist.")
        token = secrets.token_urlsafe(48)
        seconds = self._keep_token(token, user)
        answer = {"status_code": 200, "access_token": token, "token_type": "bearer", "expires_in": seconds}
        return json_response(answer | {"userId": user, "scope": "all"})

    @classmethod
    def make_keys(cls) -> Keys:
        """A client and its secret."""
        return Keys({"client_id": "xuliu-sandbox", "client_secret": secrets.token_urlsafe(24)}, {})

    def _sim(self, iccid: str) -> Row:
        sim = self._sims.find(self.code, "iccid", iccid)
        if sim is None:
            raise NotHere(404)
        return sim

    def _mistaken(self, iccid: str) -> Response:
        """The card of another SIM than was asked for; where there is no other, of one made up."""
        other = next((sim for sim in self._sims.listed(self.code, limit=2) if sim["iccid"] != iccid), None)
        return json_response(card(other or self._sim(iccid) | {"iccid": f"{iccid[:-1]}{(int(iccid[-1]) + 1) % 10}"}))

    def _list(self, request: Request, _: str) -> Response:
        """A page of SIMs."""
        page, size = _page(request, MOST_A_PAGE)
        listed = [card(sim) for sim in self._sims.listed(self.code, offset=(page - 1) * size, limit=size)]
        return json_response(listed, headers=_page_headers(page, size, self._sims.count(self.code)))

    def _status(self, _: Request, iccid: str) -> Response:
        sim = self._sim(iccid)
        return json_response({"status": "ONLINE" if sim["state"] == "active" else "OFFLINE", "services": ["data"]})

    def _quota(self, _: Request, iccid: str) -> Response:
        sim = self._sim(iccid)
        added = next((h["bytes"] for h in reversed(self._sims.holdings(iccid))), sim["granted_bytes"])
        return json_response(quota(sim, added))

    def _quota_sms(self, _: Request, iccid: str) -> Response:
        return json_response(sms_quota(self._sim(iccid)))

    def _usage(self, _: Request, iccid: str) -> Response:
        return json_response(usage(self._sim(iccid), self._sims.today(self.code)))

    def _events(self, request: Request, iccid: str) -> Response:
        """What was bought, newest first, as events of the SIM."""
        sim = self._sim(iccid)
        page, size = _page(request, MOST_EVENTS_A_PAGE)
        held = self._sims.holdings(iccid)[::-1]
        common = {
            "iccid": iccid,
            "imsi": sim["imsi"],
            "timestamp": f"{instant(sim['changed_at']):%Y-%m-%dT%H:%M:%S}.000+0000",
        }
        events = [{**common, "event_type": f"Quota of SIM changed by {one['name']}"} for one in held]
        shown = {"events": events[(page - 1) * size : page * size], "totalEvents": len(events)}
        headers = _page_headers(page, size, len(events))
        return json_response({**shown, "totalPages": int(headers["X-Total-Pages"])}, headers=headers)

    def _update(self, request: Request, iccid: str) -> Response:
        self._apply(self._sim(iccid), request.json())
        return Response(200)

    def _update_many(self, request: Request, _: str) -> Response:
        wanted = request.json()
        if not isinstance(wanted, list) or not wanted:
            raise NotHere(400)
        for one in wanted:
            self._apply(self._sim(str(one.get("iccid"))), one)
        return Response(201)

    def _apply(self, sim: Row, wanted: Any) -> None:
        states = {"Enabled": "active", "Disabled": "suspended"}
        if not isinstance(wanted, dict) or wanted.get("status") not in states:
            raise NotHere(400)
        if sim["ends_on"] <= self._sims.today(self.code).isoformat():
            raise NotHere(422)
        label = str(wanted.get("label", sim["label"]))
        self._sims.change({"iccid": sim["iccid"], "state": states[wanted["status"]], "label": label})

    def _topup_many(self, request: Request, _: str) -> Response:
        return self._order("topup_many", "topup", _named(request))

    def _extension(self, request: Request, _: str) -> Response:
        """A new period for each SIM named, with the product given or the SIM's own."""
        body = request.json()
        code = str(body.get("productId") or "") if isinstance(body, dict) else ""
        return self._order("extension", code, _named(request))

    def _order(self, operation: str, code: str, iccids: list[str], refused: Fault | None = None) -> Response:
        """Queue it: 201 and where the order can be seen. One SIM that cannot have it spoils the call."""
        if not iccids:
            raise NotHere(400)
        sims = [self._sim(iccid) for iccid in iccids]
        plan = self._plan(code, sims[0])
        for sim in sims:
            refusal = self._orders.refusal(sim, plan, may_be_expired=operation == "extension")
            if refusal is not None:
                raise NotHere(STATUSES[refusal.kind])
        if not self._orders.can_pay(self.code, plan.cost_minor * len(sims)):
            raise NotHere(STATUSES["balance"], "Insufficient funds.")
        number = str(self._store.next_number(self.code) + 1000)
        wanted = [Wanted(sim, refused or self._fault(operation, sim)) for sim in sims]
        wanted = [_failing(one) for one in wanted]
        place = self._orders.place
        place(
            carrier=self.code,
            operation=operation,
            reference="",
            number=number,
            plan=plan,
            wanted=wanted,
            is_batch=False,
        )
        return Response(201, b"", {"Location": f"https://api.1nce.com/management-api/v1/orders/{number}"})

    def _plan(self, code: str, sim: Row) -> CarrierPlan:
        plan = self._sims.plan(self.code, code or sim["plan"] or "1")
        if plan is None or not plan.is_orderable:
            raise NotHere(STATUSES["not_orderable"])
        return plan

    def _fault(self, operation: str, sim: Row) -> Fault | None:
        kinds = DEED - {"refuse", "deliver_after_refusing"}
        return self._faults.pick(self.code, operation, "change", kinds=kinds, iccids=(sim["iccid"],))

    def _order_shown(self, _: Request, number: str) -> Response:
        order = self._orders.order(number)
        if order is None or order["carrier"] != self.code:
            raise NotHere(404)
        lines = self._orders.lines(number)
        shown = [{"iccid": line["iccid"], "product": line["plan"], "status": line["state"]} for line in lines]
        return json_response({"orderNumber": number, "isDone": order["settled_at"] is not None, "items": shown})


def _failing(wanted: Wanted) -> Wanted:
    """1NCE states no failure later: what fails after it was queued just does not happen."""
    if wanted.fault is not None and wanted.fault.kind == "fail_later":
        return Wanted(wanted.sim, wanted.fault, CarrierRefusal(wanted.fault.reason, "stated"))
    return wanted


def _named(request: Request) -> list[str]:
    """The ICCIDs of a body: a list of them, or of SIMs, or `iccids` in an object."""
    body = request.json() if request.body else None
    listed = body.get("iccids") if isinstance(body, dict) else body
    if not isinstance(listed, list):
        return []
    return [str(one.get("iccid", "")) if isinstance(one, dict) else str(one) for one in listed]


def _page(request: Request, most: int) -> tuple[int, int]:
    """Which page of which size is asked for."""
    try:
        page, size = int(request.query.get("page", 1)), int(request.query.get("pageSize", PAGE))
    except ValueError:
        raise NotHere(400) from None
    if page < 1 or not 1 <= size <= most:
        raise NotHere(400)
    return page, size


def _page_headers(page: int, size: int, total: int) -> dict[str, str]:
    counts = {
        "X-Count-Per-Page": size,
        "X-Current-Page": page,
        "X-Total-Count": total,
        "X-Total-Pages": -(-total // size),
    }
    return {name: str(value) for name, value in counts.items()}


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(user), unquote(password)


def _bad(code: str, message: str) -> Response:
    return json_response({"statusCode": 400, "errorCode": code, "message": message}, 400)
