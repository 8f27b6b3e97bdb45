"""Lan Pay, a payment provider that does not exist: the smallest whole stand-in, dropped in by a test."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import Fault
from xuliu.sandbox.engine.payments import Declined, Opening
from xuliu.sandbox.engine.provider import ProviderStandIn
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.stand_in import Intent
from xuliu.sandbox.engine.store import Row


class StandIn(ProviderStandIn):
    """One secret that signs notices; payments and refunds by our references, and a page with one button."""

    code = "lan-pay"
    name = "Lan Pay"
    faults = {**ProviderStandIn.faults, "bad_signature": ()}

    @classmethod
    def make_keys(cls) -> Keys:
        """One."""
        return Keys({"secret": secrets.token_hex(16)}, {})

    def route(self, request: Request) -> Intent | Response:
        """Open, query, refund; the payer's page."""
        body = request.json() or {}
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["payments"]:
                return self._call("open", "change", body, lambda: self._open(request, body))
            case "GET", ["payments", reference]:
                asked = {"reference": reference}
                return self._call("query", "read", asked, lambda: self.payments.existing(reference))
            case "POST", ["refunds"]:
                return self._call("refund", "change", body, lambda: self._refund(body))
            case "POST", ["pay", token] if payment := self.payments.by_token(token):
                return json_response({"number": self.pay(payment)["number"]})
        return Response(404)

    def _call(self, operation: str, group: str, body: Row, answer: Callable[[], Row]) -> Intent:
        def run() -> Response:
            self.settle()
            try:
                return json_response(answer())
            except Declined as no:
                return json_response({"why": no.why}, 400)

        return Intent(operation, group, run, str(body.get("reference")))

    def faulty(self, fault: Fault, request: Request) -> Response:
        """Too many, or trouble of its own."""
        return Response(429 if fault.kind == "too_many" else 500)

    def _open(self, request: Request, body: Row) -> Row:
        names = ("reference", "amount_minor", "currency", "notify_url")
        wanted = {name: body[name] for name in names}
        payment = self.payments.open(Opening(kind="page", content=json.dumps(body), **wanted))
        return {"page": self.page(request, f"/pay/{payment['token']}")}

    def _refund(self, body: Row) -> Row:
        paid = self.first_transaction(body["payment"])
        total, url = paid["amount_minor"], body.get("notify_url", "")
        return self.give_back(body["reference"], paid, body["amount_minor"], total, paid["currency"], url)

    def payment_notice(self, notice_id: str, payment: Row, transaction: Row) -> bytes:
        """What was paid."""
        names = ("reference", "number", "amount_minor")
        return json.dumps({"id": notice_id} | {name: transaction[name] for name in names}).encode()

    def refund_notice(self, notice_id: str, refund: Row) -> bytes:
        """How it ended."""
        return json.dumps({"id": notice_id, "reference": refund["reference"], "status": refund["status"]}).encode()

    def signed(self, body: bytes, *, is_genuine: bool = True) -> dict[str, str]:
        """One header."""
        key = self._credentials["secret"] if is_genuine else "guessed"
        return {"Lan-Signature": hmac.digest(key.encode(), body, hashlib.sha256).hex()}

    def forged(self, wanted: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Of what is to be said."""
        body = json.dumps(wanted.get("resource", {})).encode()
        return body, self.signed(body, is_genuine=wanted.get("key", "genuine") == "genuine")
