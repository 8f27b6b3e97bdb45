"""The control port: what tests and the demo tell the sandbox, and what it tells them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from xuliu.sandbox.engine.clock import iso
from xuliu.sandbox.engine.faults import PEERS
from xuliu.sandbox.engine.server import Answer, Request, json_response
from xuliu.sandbox.engine.sims import CARRIERS
from xuliu.sandbox.engine.world import World
from xuliu.sandbox.providers.wechatpay.books import Refused


class Control:
    """One method per call; each takes the request and returns what is sent as JSON."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "health"): self._health,
            ("POST", "reset"): self._reset,
            ("POST", "sims"): lambda request: {"count": world.sims.load(_list(request))},
            ("GET", "sims"): self._sims,
            ("POST", "sim"): lambda request: world.sims.change(_object(request)),
            ("POST", "plans"): lambda request: {"count": world.sims.load_plans(_list(request))},
            ("GET", "plans"): lambda request: world.sims.plans(request.query.get("carrier", "")),
            ("POST", "account"): self._account,
            ("GET", "settings"): lambda _: world.settings.all(),
            ("POST", "settings"): self._settings,
            ("GET", "faults"): lambda _: world.faults.all(),
            ("POST", "faults"): self._plant,
            ("POST", "faults/clear"): self._clear,
            ("POST", "down"): lambda request: self._switch(request, is_up=False),
            ("POST", "up"): lambda request: self._switch(request, is_up=True),
            ("POST", "pay"): self._pay,
            ("POST", "notices"): self._repeat,
            ("POST", "notices/forged"): self._forge,
            ("GET", "notices"): lambda request: world.courier.listed(request.query.get("reference", "")),
            ("POST", "refund"): self._refund,
            ("POST", "refund/outside"): self._refund_outside,
            ("POST", "settle"): self._settle,
            ("POST", "usage"): self._usage,
            ("POST", "tokens/expire"): self._expire,
            ("GET", "calls"): self._calls,
            ("GET", "books"): self._books,
        }

    def answer(self, request: Request) -> Answer:
        """Answer a call of the control port."""
        found = self._routes.get((request.method, request.path.removeprefix("/control/")))
        if found is None:
            return Answer(json_response({"error": f"there is no {request.method} {request.path}"}, 404))
        try:
            return Answer(json_response(found(request)))
        except Refused as no:
            return Answer(json_response({"error": no.message}, 400))
        except (ValueError, TypeError) as wrong:
            return Answer(json_response({"error": str(wrong)}, 400))
        except KeyError as missing:
            return Answer(json_response({"error": f"{missing.args[0]} is needed"}, 400))

    def _health(self, _: Request) -> dict[str, Any]:
        ports = {name: port.number for name, port in self._world.ports.items()}
        down = [name for name, port in self._world.ports.items() if not port.is_up]
        return {"ok": True, "now": iso(self._world.clock.timestamp()), "ports": ports, "down": down}

    def _reset(self, _: Request) -> dict[str, Any]:
        self._world.reset()
        return {"ok": True}

    def _sims(self, request: Request) -> list[Any]:
        iccid = request.query.get("iccid")
        if iccid:
            found = self._world.sims.by_iccid(iccid)
            return [found] if found else []
        return self._world.sims.listed(request.query.get("carrier", ""))

    def _account(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        balance = wanted["balance_minor"]
        if wanted["carrier"] not in CARRIERS or not (balance is None or isinstance(balance, int)):
            raise ValueError("carrier takes onelink or 1nce, balance_minor an integer or null")
        row = {"carrier": wanted["carrier"], "balance_minor": balance}
        self._world.store.insert("accounts", row, replace=True)
        return row

    def _settings(self, request: Request) -> dict[str, Any]:
        self._world.settings.change(_object(request))
        return self._world.settings.all()

    def _plant(self, request: Request) -> dict[str, Any]:
        wanted = request.json()
        return {
            "ids": [
                self._world.faults.plant(one) for one in (wanted if isinstance(wanted, list) else [_object(request)])
            ]
        }

    def _clear(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        self._world.faults.clear(wanted.get("id"), wanted.get("peer"))
        return {"ok": True}

    def _switch(self, request: Request, *, is_up: bool) -> dict[str, Any]:
        peer = _object(request)["peer"]
        if peer not in PEERS:
            raise ValueError(f"peer takes one of {', '.join(PEERS)}")
        self._world.switch(peer, is_up=is_up)
        return {"peer": peer, "is_up": is_up}

    def _pay(self, request: Request) -> dict[str, Any]:
        """The payer pays `times` over; see the README for what can be overridden."""
        wanted = _object(request)
        payment = self._world.payments.existing(wanted["reference"])
        at = datetime.fromisoformat(wanted["success_at"]).timestamp() if wanted.get("success_at") else None
        reported = {name: wanted.get(name) for name in ("amount_minor", "currency", "mchid", "appid")}
        openid, is_told = wanted.get("openid", ""), wanted.get("notify", True)
        pay = self._world.payer.pay
        paid = [
            pay(payment, openid=openid, success_at=at, is_told=is_told, **reported)
            for _ in range(int(wanted.get("times", 1)))
        ]
        return {"transactions": [one["number"] for one in paid]}

    def _repeat(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        repeat = self._world.courier.repeat
        times, is_parallel = int(wanted.get("times", 1)), bool(wanted.get("parallel", True))
        return {"answers": repeat(wanted["reference"], wanted.get("kind", "payment"), times, is_parallel=is_parallel)}

    def _forge(self, request: Request) -> dict[str, Any]:
        """A notice of the caller's own making, with a genuine signature or a wrong one."""
        wanted, signing, courier = _object(request), self._world.signing, self._world.courier
        original = wanted.get("original_type", "transaction")
        sealed = signing.sealed(
            wanted.get("resource", {}), original, key=wanted.get("api_v3_key", ""), original_type=original
        )
        event = wanted.get("event_type", "TRANSACTION.SUCCESS")
        body = courier.body(event, "支付成功", sealed, wanted.get("id", ""))
        signer = signing.signer(wanted.get("serial", ""))
        if wanted.get("key", "genuine") == "wrong":
            signer = signing.impostor(wanted.get("serial") or signer.serial)
        headers = signing.headers(body, signer, offset=float(wanted.get("timestamp_offset", 0)))
        if wanted.get("serial"):
            headers["Wechatpay-Serial"] = wanted["serial"]
        if wanted.get("tamper"):
            body = body.replace(b'"summary"', b'"Summary"')
        return {"answers": [courier.send(wanted["url"], body, headers)]}

    def _refund(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        if wanted["status"] not in ("SUCCESS", "CLOSED", "ABNORMAL"):
            raise ValueError("status takes SUCCESS, CLOSED or ABNORMAL")
        with self._world.store.transaction():
            refund = self._world.payments.end_refund(wanted["reference"], wanted["status"])
            self._world.courier.refunded(refund)
        return self._world.payments.refund_shown(refund)

    def _refund_outside(self, request: Request) -> dict[str, Any]:
        """Somebody gives money back in the merchant platform, which numbers it by itself."""
        wanted = _object(request)
        with self._world.store.transaction():
            payment = self._world.payments.existing(wanted["reference"])
            number = f"mp{self._world.store.next_number('outside'):020d}"
            amount = {"refund": wanted["amount_minor"], "total": payment["amount_minor"]}
            told = {"notify_url": payment["notify_url"] if wanted.get("notify", True) else ""}
            asked = {"out_trade_no": payment["reference"], "out_refund_no": number, "amount": amount, **told}
            self._world.payments.refund(asked, None)
            refund = self._world.payments.end_refund(number, "SUCCESS")
            self._world.courier.refunded(refund)
        return self._world.payments.refund_shown(refund)

    def _settle(self, _: Request) -> dict[str, Any]:
        with self._world.store.transaction():
            orders = self._world.orders.settle(is_forced=True)
            refunds = self._world.payments.settle(is_forced=True)
            for refund in refunds:
                self._world.courier.refunded(refund)
        return {"orders": orders, "refunds": len(refunds)}

    def _usage(self, request: Request) -> Any:
        wanted = _object(request)
        return self._world.sims.change({"iccid": wanted["iccid"], "used_bytes": int(wanted["used_bytes"])})

    def _expire(self, request: Request) -> dict[str, Any]:
        statement = "DELETE FROM tokens WHERE peer = ?"
        return {"count": self._world.store.write(statement, (_object(request)["peer"],))}

    def _calls(self, request: Request) -> list[Any]:
        query = request.query
        return self._world.calls.found(query.get("peer", ""), query.get("operation", ""), query.get("iccid", ""))

    def _books(self, request: Request) -> dict[str, Any]:
        is_summary = request.query.get("summary", "") not in ("", "0")
        with self._world.store.transaction():
            self._world.settle()
            carriers = {name: self._world.orders.books(name, is_summary=is_summary) for name in CARRIERS}
            return {"carriers": carriers, "wechatpay": self._world.payments.books(is_summary=is_summary)}


def _object(request: Request) -> dict[str, Any]:
    wanted = request.json() if request.body else {}
    if not isinstance(wanted, dict):
        raise TypeError("the body must be a JSON object")
    return wanted


def _list(request: Request) -> list[dict[str, Any]]:
    wanted = request.json()
    if not isinstance(wanted, list):
        raise TypeError("the body must be a JSON list")
    return wanted
