"""Lan Pay, a payment provider that does not exist: the smallest whole stand-in, dropped in by tests."""

import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from xuliu.sandbox.engine.clock import iso
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import Fault
from xuliu.sandbox.engine.payments import Declined, Opening
from xuliu.sandbox.engine.provider import ProviderStandIn
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.stand_in import Intent
from xuliu.sandbox.engine.store import Row

REFUSALS = {"sim": (400, "refused"), "plan": (400, "refused"), "account": (401, "who"), "temporary": (500, "trouble")}
UNKNOWN = {"unknown", "refund_unknown"}


class StandIn(ProviderStandIn):
    """A key opens the door and signs notices; payments and refunds by our references, and a page with one button."""

    code = "lan-pay"
    name = "Lan Pay"
    faults = {**ProviderStandIn.faults, "bad_signature": ("notice",)}

    @classmethod
    def make_keys(cls) -> Keys:
        """One, and our number."""
        return Keys({"merchant": f"lan{secrets.randbelow(10**8):08d}", "secret": secrets.token_hex(16)}, {})

    def route(self, request: Request) -> Intent | Response:
        """Open, query, close, refund, query a refund; the payer's page."""
        body = request.json() or {}
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["payments"]:
                return self._call(request, "open", "change", str(body.get("reference")), lambda: self._open(request))
            case "GET", ["payments", reference]:
                return self._call(request, "query", "read", reference, lambda: self._payment(reference))
            case "POST", ["payments", reference, "close"]:
                return self._call(request, "close", "change", reference, lambda: self._closed(reference))
            case "POST", ["refunds"]:
                return self._call(request, "refund", "change", str(body.get("reference")), lambda: self._refund(body))
            case "GET", ["refunds", reference]:
                return self._call(request, "refund_query", "read", reference, lambda: self._refund_of(reference))
            case "POST", ["pay", token] if payment := self.payments.by_token(token):
                return json_response({"number": self.pay(payment)["number"]})
        return Response(404)

    def _call(self, request: Request, operation: str, group: str, reference: str, answer: Callable[[], Row]) -> Intent:
        def run() -> Response:
            self.settle()
            asked = {"reference": reference, "subject": "refund" if "refund" in operation else "payment"}
            fault = self._faults.pick(self.code, operation, group, kinds={"refuse"}, reference=reference)
            if fault:
                status, why = REFUSALS[fault.reason]
                return json_response({"why": fault.more.get("code", why)}, int(fault.more.get("status", status)))
            given = (request.headers.get("lan-merchant"), request.headers.get("lan-key"))
            if given != (self._credentials["merchant"], self._credentials["secret"]):
                return json_response({"why": "who"}, 401)
            try:
                return json_response(answer())
            except Declined as no:
                return json_response({**asked, "why": no.why}, 404 if no.why in UNKNOWN else 400)

        return Intent(operation, group, run, reference)

    def faulty(self, fault: Fault, request: Request) -> Response:
        """Too many, or trouble of its own."""
        if fault.kind == "too_many":
            return Response(429, headers={"Retry-After": str(fault.more.get("retry_after", 1))})
        return Response(int(fault.more.get("status", 500)))

    def _open(self, request: Request) -> Row:
        body = request.json()
        if body["currency"] != "CNY":
            raise Declined("currency")
        names = ("reference", "amount_minor", "currency", "notify_url")
        wanted = {name: body[name] for name in names}
        payment = self.payments.open(Opening(kind="page", content=json.dumps(body), **wanted))
        return {"page": self.page(request, f"/pay/{payment['token']}")}

    def _payment(self, reference: str) -> Row:
        payment, (paid, *_) = self.payments.existing(reference), (*self.payments.transactions(reference), None)
        return self._payment_told(payment, paid)

    def _closed(self, reference: str) -> Row:
        return self._payment_told(self.payments.close(reference), None)

    def _payment_told(self, payment: Row, paid: Row | None) -> Row:
        """A payment, and by which transaction it was paid, if any."""
        told = self._told("payment", payment, payment["state"]) | {"merchant": self._credentials["merchant"]}
        if paid is None:
            return told
        is_back = self.payments.has_refunds(payment["reference"])
        told |= {name: paid[name] for name in ("number", "amount_minor", "currency", "merchant")}
        return told | {"paid_at": iso(paid["success_at"]), "status": "refunded" if is_back else "paid"}

    def _refund(self, body: Row) -> Row:
        paid = self.first_transaction(body["payment"])
        url = body.get("notify_url", "")
        self.give_back(body["reference"], paid, body["amount_minor"], body["total_minor"], paid["currency"], url)
        return self._refund_of(body["reference"])

    def _refund_of(self, reference: str) -> Row:
        refund = self.payments.refund_row(reference)
        if refund is None:
            raise Declined("refund_unknown")
        return self._refund_told(refund)

    def _refund_told(self, refund: Row) -> Row:
        told = self._told("refund", refund, refund["status"]) | {"merchant": self._credentials["merchant"]}
        return told | {"payment": refund["payment"], "number": refund["number"]}

    def _told(self, subject: str, about: Row, status: str) -> Row:
        names = ("reference", "amount_minor", "currency")
        told = {name: about[name] for name in names} | {"subject": subject, "status": status}
        return told | {"at": iso(self._clock.timestamp())}

    def transaction(self, payment: Row, reported: Row) -> Row:
        """Whom it was paid to."""
        return {"merchant": reported.get("merchant_number") or self._credentials["merchant"]}

    def payment_notice(self, notice_id: str, payment: Row, transaction: Row) -> bytes:
        """What was paid."""
        return json.dumps({"id": notice_id} | self._payment_told(payment, transaction)).encode()

    def refund_notice(self, notice_id: str, refund: Row) -> bytes:
        """How it ended."""
        return json.dumps({"id": notice_id} | self._refund_told(refund)).encode()

    def signed(self, body: bytes, *, is_genuine: bool = True, offset: float = 0) -> dict[str, str]:
        """The time, and a signature of it and the body."""
        key = self._credentials["secret"] if is_genuine else "guessed"
        at = str(int(self._clock.timestamp() + offset))
        return {"Lan-Time": at, "Lan-Signature": hmac.digest(key.encode(), f"{at}\n".encode() + body, "sha256").hex()}

    def forged(self, wanted: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Of what is to be said."""
        said = {} if wanted.get("is_unreadable") else wanted.get("resource", {})
        body = json.dumps({"id": wanted.get("id") or str(uuid.uuid4())} | said).encode()
        is_genuine, offset = wanted.get("key", "genuine") == "genuine", float(wanted.get("timestamp_offset", 0))
        headers = self.signed(body, is_genuine=is_genuine, offset=offset)
        return body + b" " if wanted.get("tamper") else body, headers
