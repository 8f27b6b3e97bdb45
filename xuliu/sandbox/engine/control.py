"""The control port: what tests and the demo tell the sandbox, and what it tells them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from xuliu.sandbox.engine.clock import iso
from xuliu.sandbox.engine.payments import REFUND_ENDS, Declined, shown_refund
from xuliu.sandbox.engine.provider import ProviderStandIn
from xuliu.sandbox.engine.server import Request, TimedResponse, json_response
from xuliu.sandbox.engine.store import Row
from xuliu.sandbox.engine.world import World


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
            ("POST", "settle"): lambda _: world.settle(is_forced=True),
            ("POST", "usage"): self._usage,
            ("POST", "tokens/expire"): self._expire,
            ("GET", "calls"): self._calls,
            ("GET", "books"): self._books,
        }

    def answer(self, request: Request) -> TimedResponse:
        """Answer a call of the control port."""
        found = self._routes.get((request.method, request.path.removeprefix("/control/")))
        if found is None:
            return TimedResponse(json_response({"error": f"there is no {request.method} {request.path}"}, 404))
        try:
            return TimedResponse(json_response(found(request)))
        except (Declined, ValueError, TypeError) as wrong:
            return TimedResponse(json_response({"error": str(wrong)}, 400))
        except KeyError as missing:
            return TimedResponse(json_response({"error": f"{missing.args[0]} is needed"}, 400))

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
        self._world.sims.check_carrier(wanted["carrier"])
        if not (balance is None or isinstance(balance, int)):
            raise TypeError("balance_minor takes an integer or null")
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
        if peer not in self._world.stand_ins:
            raise ValueError(f"peer takes one of {', '.join(self._world.stand_ins)}")
        self._world.switch(peer, is_up=is_up)
        return {"peer": peer, "is_up": is_up}

    def _paid_at(self, reference: str) -> tuple[ProviderStandIn, Row]:
        """The provider that knows a payment, and what it knows."""
        for provider in self._world.providers.values():
            if payment := provider.payments.payment(reference):
                return provider, payment
        raise Declined("unknown")

    def _pay(self, request: Request) -> dict[str, Any]:
        """The payer pays `times` over; what is given besides overrides what the provider then reports."""
        wanted = _object(request)
        provider, payment = self._paid_at(wanted["reference"])
        at = datetime.fromisoformat(wanted["success_at"]).timestamp() if wanted.get("success_at") else None
        is_told, times = wanted.get("notify", True), int(wanted.get("times", 1))
        paid = [provider.pay(payment, success_at=at, is_told=is_told, reported=wanted) for _ in range(times)]
        return {"transactions": [one["number"] for one in paid]}

    def _repeat(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        repeat = self._world.courier.repeat
        times, is_parallel = int(wanted.get("times", 1)), bool(wanted.get("parallel", True))
        return {"answers": repeat(wanted["reference"], wanted.get("kind", "payment"), times, is_parallel=is_parallel)}

    def _forge(self, request: Request) -> dict[str, Any]:
        """A notice of the caller's own making, with a genuine signature or a wrong one."""
        wanted = _object(request)
        if wanted["peer"] not in self._world.providers:
            raise ValueError(f"peer takes one of {', '.join(self._world.providers)}")
        body, headers = self._world.providers[wanted["peer"]].forged(wanted)
        return {"answers": [self._world.courier.send(wanted["url"], body, headers)]}

    def _refund(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        if wanted["status"] not in REFUND_ENDS:
            raise ValueError(f"status takes one of {', '.join(REFUND_ENDS)}")
        with self._world.store.transaction():
            for provider in self._world.providers.values():
                if provider.payments.refund_row(wanted["reference"]):
                    return shown_refund(provider.end_refund(wanted["reference"], wanted["status"]))
        raise Declined("refund_unknown")

    def _refund_outside(self, request: Request) -> dict[str, Any]:
        wanted = _object(request)
        with self._world.store.transaction():
            provider, payment = self._paid_at(wanted["reference"])
            is_told = wanted.get("notify", True)
            return shown_refund(provider.give_back_outside(payment, wanted["amount_minor"], is_told=is_told))

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
            return {
                "carriers": {code: one.books(is_summary=is_summary) for code, one in self._world.carriers.items()},
                "providers": {code: one.books(is_summary=is_summary) for code, one in self._world.providers.items()},
            }


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
