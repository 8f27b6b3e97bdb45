"""A payment provider's stand-in: payments, refunds and notices are kept for it, in books that all providers share."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from xuliu.sandbox.engine.courier import Courier
from xuliu.sandbox.engine.faults import ALONE
from xuliu.sandbox.engine.payments import Declined, Payments, RefundLimits, SandboxRefund
from xuliu.sandbox.engine.server import Request
from xuliu.sandbox.engine.stand_in import Parts, StandIn
from xuliu.sandbox.engine.store import Row

FAULTY_REFUNDS = {"nothing": "hold", "fail_later": "abnormal"}


class ProviderStandIn(StandIn):
    """The base of the providers. Each says in its own words what happens here."""

    faults = {"refuse": (), "nothing": ("refund", "notice"), "fail_later": ("refund",), "wrong_amount": ("notice",)}
    repeats: ClassVar[tuple[int, ...]] = (15, 60, 300)  # seconds before each repeat of a notice
    taken: ClassVar[tuple[int, ...]] = (200, 204)  # statuses by which a merchant says that it has a notice

    def __init__(self, parts: Parts, courier: Courier) -> None:
        super().__init__(parts)
        self.payments = Payments(self.code, parts.store, parts.clock)
        self._courier = courier
        courier.senders[self.code] = self

    def payment_notice(self, notice_id: str, payment: Row, transaction: Row) -> bytes:
        """That a payment has succeeded."""
        raise NotImplementedError

    def refund_notice(self, notice_id: str, refund: Row) -> bytes:
        """How a refund ended."""
        raise NotImplementedError

    def signed(self, body: bytes, *, is_genuine: bool = True) -> dict[str, str]:
        """The headers of a notice that is sent now; signed with another key where it is not genuine."""
        raise NotImplementedError

    def garbled(self, body: bytes) -> bytes:
        """A notice that is genuine and cannot be read."""
        return body[::-1]

    def forged(self, wanted: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """A notice of the caller's own making: body and headers."""
        raise NotImplementedError

    def transaction(self, payment: Row, reported: Row) -> Row:
        """What it says of a transaction besides amount, currency and time; `reported` overrides."""
        return {}

    def limits(self) -> RefundLimits:
        """Of refunds."""
        return RefundLimits()

    def new_number(self, kind: str) -> str:
        """The provider's own number for a `payment` or a `refund`."""
        return f"{kind[0]}{self._store.next_number(f'{self.code} {kind}'):012d}"

    def books(self, *, is_summary: bool) -> dict[str, Any]:
        """What was paid and given back."""
        return self.payments.books(is_summary=is_summary)

    def page(self, request: Request, path: str) -> str:
        """An address of the payer's, under that by which the caller reached us or the one that is set."""
        base = self._settings["public_url"].get(self.code) or f"http://{request.headers.get('host', '127.0.0.1')}"
        return f"{base.rstrip('/')}{path}"

    def pay(
        self, payment: Row, *, success_at: float | None = None, is_told: bool = True, reported: Row | None = None
    ) -> Row:
        """The payer pays, and the merchant is told unless it shall not be."""
        more = reported or {}
        with self._store.transaction():
            kinds, reference = {"wrong_amount"}, payment["reference"]
            fault = self._faults.pick(self.code, "notice", ALONE, kinds=kinds, reference=reference)
            said, number = self.transaction(payment, more), self.new_number("payment")
            paid = self.payments.pay(payment, number, success_at=success_at, reported=more, more=said)
            if is_told:
                wrong = {} if fault is None else {"amount_minor": fault.amount(paid["amount_minor"])}
                self._tell("payment", payment, lambda name: self.payment_notice(name, payment, paid | wrong))
        return paid

    def give_back(
        self, reference: str, paid: Row, amount_minor: int, total_minor: int, currency: str, notify_url: str
    ) -> Row:
        """A refund as the merchant asks for it, with what a fault makes of it. Raises Declined."""
        kinds = set(FAULTY_REFUNDS)
        fault = self._faults.pick(self.code, "refund", "change", kinds=kinds, reference=reference)
        wanted = SandboxRefund(
            reference=reference,
            number=self.new_number("refund"),
            amount_minor=amount_minor,
            total_minor=total_minor,
            currency=currency,
            notify_url=notify_url,
            outcome=FAULTY_REFUNDS[fault.kind] if fault else self._settings["refund_outcome"],
            seconds=self._settings["refund_seconds"],
        )
        return self.payments.refund(wanted, paid, self.limits())

    def give_back_outside(self, payment: Row, amount_minor: int, *, is_told: bool) -> Row:
        """Somebody gives money back past the merchant's own system, under a number of its own. Raises Declined."""
        reference = f"mp{self._store.next_number('outside'):020d}"
        paid = self.first_transaction(payment["reference"])
        url = payment["notify_url"] if is_told else ""
        self.give_back(reference, paid, amount_minor, payment["amount_minor"], payment["currency"], url)
        return self.end_refund(reference, "success")

    def first_transaction(self, reference: str) -> Row:
        """That by which a payment was paid. Raises Declined: transaction_unknown."""
        found = self.payments.transactions(reference)
        if not found:
            raise Declined("transaction_unknown")
        return found[0]

    def end_refund(self, reference: str, status: str) -> Row:
        """Bring a refund to that end, and tell the merchant where it wants to know. Raises Declined."""
        refund = self.payments.end_refund(reference, status)
        self._tell_refund(refund)
        return refund

    def settle(self, *, is_forced: bool = False) -> int:
        """End the refunds that are due, let those pay who waited for the end of the time to pay; tell the merchant."""
        refunds = self.payments.settle(is_forced=is_forced)
        for refund in refunds:
            self._tell_refund(refund)
        for payment in self.payments.late_payers():
            self.pay(payment)
        return len(refunds)

    def _tell_refund(self, refund: Row) -> None:
        if refund["notify_url"]:
            self._tell("refund", refund, lambda name: self.refund_notice(name, refund))

    def _tell(self, kind: str, about: Row, body: Callable[[str], bytes]) -> None:
        self._courier.write(self.code, kind, about["reference"], about["notify_url"], body)
