"""The providers' books: what was to be paid, what was, and what was given back."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xuliu.sandbox.engine.clock import Clock, iso
from xuliu.sandbox.engine.store import Row, Store

REFUND_ENDS = ("success", "closed", "abnormal")
SHOWN_OF_REFUND = ("reference", "payment", "number", "amount_minor", "currency", "status")


class Declined(Exception):
    """The books do not allow it. `why` is one word, for which each provider has its own answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why.replace("_", " "))
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A payment asked for. `content` tells the same opening from another one."""

    reference: str
    kind: str
    content: str
    amount_minor: int
    currency: str
    description: str = ""
    notify_url: str = ""
    expires_at: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRefund:
    """Money to be given back. `outcome` is how it will end; held, it waits to be told."""

    reference: str
    number: str
    amount_minor: int
    total_minor: int
    currency: str
    notify_url: str
    outcome: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLimits:
    """What a provider allows of refunds for one payment."""

    most: int = 1_000_000
    within_seconds: float = float("inf")
    spacing_seconds: float = 0.0


class Payments:
    """One provider's openings, transactions and refunds. Notices are the courier's."""

    def __init__(self, provider: str, store: Store, clock: Clock) -> None:
        self._provider = provider
        self._store = store
        self._clock = clock

    def open(self, wanted: Opening) -> Row:
        """A payment to be paid; the same opening again is the same payment. Raises Declined: paid, closed, differs."""
        before = self.payment(wanted.reference)
        if before is not None:
            return _opened_before(before, wanted.content)
        names = ("reference", "kind", "content", "description", "amount_minor", "currency", "notify_url", "expires_at")
        row: Row = {name: getattr(wanted, name) for name in names}
        row |= {"provider": self._provider, "state": "open", "token": secrets.token_hex(13)}
        row |= {"created_at": self._clock.timestamp(), "more": json.dumps(dict(wanted.more))}
        self._store.insert("payments", row)
        return self.existing(wanted.reference)

    def payment(self, reference: str) -> Row | None:
        """A payment by the merchant's reference."""
        return _whole(self._store.row(f"{OF_PAYMENTS} AND reference = ?", (self._provider, reference)))

    def existing(self, reference: str) -> Row:
        """The same. Raises Declined: unknown."""
        payment = self.payment(reference)
        if payment is None:
            raise Declined("unknown")
        return payment

    def by_token(self, token: str) -> Row | None:
        """The payment whose page this is."""
        return _whole(self._store.row(f"{OF_PAYMENTS} AND token = ?", (self._provider, token)))

    def change(self, payment: Row, **fields: Any) -> None:
        """Set some columns of a payment. The names are ours, never a caller's text."""
        sets = ", ".join(f"{name} = ?" for name in fields)
        statement = f"UPDATE payments SET {sets} WHERE provider = ? AND reference = ?"
        self._store.write(statement, (*fields.values(), self._provider, payment["reference"]))

    def transactions(self, reference: str) -> list[Row]:
        """What was announced under a reference, first first. Paid is the first alone: money is taken once for a
        reference, and whatever is said later under another number is the same payment."""
        rows = self._store.rows(f"{OF_TRANSACTIONS} AND reference = ? ORDER BY rowid", (self._provider, reference))
        return [_unpacked(row) for row in rows]

    def transaction(self, number: str) -> Row | None:
        """A transaction by the provider's number."""
        return _whole(self._store.row(f"{OF_TRANSACTIONS} AND number = ?", (self._provider, number)))

    def is_expired(self, payment: Row) -> bool:
        """Whether the time to pay is over."""
        return payment["expires_at"] is not None and payment["expires_at"] <= self._clock.timestamp()

    def pay(self, payment: Row, number: str, *, success_at: float | None, reported: Row, more: Row) -> Row:
        """The payer's money arrives. `reported` overrides what is said of it: amount_minor, currency."""
        row: Row = {"provider": self._provider, "number": number, "reference": payment["reference"]}
        row |= {"amount_minor": payment["amount_minor"], "currency": payment["currency"]}
        row |= {name: reported[name] for name in ("amount_minor", "currency") if reported.get(name) is not None}
        row |= {"success_at": success_at or self._clock.timestamp(), "more": json.dumps(more)}
        with self._store.transaction():
            self._store.insert("transactions", row)
            self.change(payment, state="paid", is_paid_when_closed=0)
        return _unpacked(row)

    def late_payers(self) -> list[Row]:
        """Payments whose payer waits for their time to run out, and it has."""
        statement = f"{OF_PAYMENTS} AND is_paid_when_closed = 1 AND state = 'open' AND expires_at <= ?"
        return [_unpacked(row) for row in self._store.rows(statement, (self._provider, self._clock.timestamp()))]

    def close(self, reference: str) -> Row:
        """Close the payment: nobody can pay it any more. Closing again changes nothing. Raises Declined: unknown,
        paid."""
        payment = self.existing(reference)
        if payment["state"] == "paid":
            raise Declined("paid")
        self.change(payment, state="closed", closed_at=payment["closed_at"] or self._clock.timestamp())
        return self.existing(reference)

    def has_refunds(self, reference: str) -> bool:
        """Whether any of it was refunded, or is being refunded."""
        return bool(self._refunds_of(reference))

    def refund(self, wanted: SandboxRefund, paid: Row, limits: RefundLimits) -> Row:
        """Give money back; the same reference again is the same refund. Raises Declined: refund_differs, and what the
        limits are called."""
        before = self.refund_row(wanted.reference)
        if before is not None:
            same = (wanted.amount_minor, wanted.total_minor, paid["reference"])
            if same != (before["amount_minor"], before["total_minor"], before["payment"]):
                raise Declined("refund_differs")
            return before
        self._check_refund(wanted, paid, limits)
        now, is_held = self._clock.timestamp(), wanted.outcome == "hold"
        names = ("reference", "number", "amount_minor", "total_minor", "notify_url")
        row: Row = {name: getattr(wanted, name) for name in names} | {"provider": self._provider, "status": "pending"}
        row |= {"payment": paid["reference"], "transaction_number": paid["number"], "currency": paid["currency"]}
        row |= {"created_at": now, "outcome": wanted.outcome, "success_at": None}
        row |= {"settles_at": None if is_held else now + wanted.seconds}
        self._store.insert("refunds", row)
        return row

    def _check_refund(self, wanted: SandboxRefund, paid: Row, limits: RefundLimits) -> None:
        given = self._refunds_of(paid["reference"])
        received = self.transactions(paid["reference"])[0]["amount_minor"]
        # What went wrong at the payer's bank waits between the two, and can be given back under its own number only.
        back = sum(one["amount_minor"] for one in given if one["status"] != "closed")
        now = self._clock.timestamp()
        if (wanted.total_minor, wanted.currency) != (paid["amount_minor"], paid["currency"]):
            raise Declined("refund_of_another_amount")
        if wanted.amount_minor > received - back:
            raise Declined("refund_too_much")
        if len(given) >= limits.most:
            raise Declined("refund_too_many")
        if now - paid["success_at"] > limits.within_seconds:
            raise Declined("refund_too_late")
        if any(now - one["created_at"] < limits.spacing_seconds for one in given):
            raise Declined("refund_too_soon")

    def _refunds_of(self, reference: str) -> list[Row]:
        return self._store.rows("SELECT * FROM refunds WHERE provider = ? AND payment = ?", (self._provider, reference))

    def refund_row(self, reference: str) -> Row | None:
        """A refund by the merchant's reference."""
        statement = "SELECT * FROM refunds WHERE provider = ? AND reference = ?"
        return self._store.row(statement, (self._provider, reference))

    def settle(self, *, is_forced: bool = False) -> list[Row]:
        """End the refunds that are due (or all that are not held); returns them."""
        statement = (
            "SELECT * FROM refunds WHERE provider = ? AND status = 'pending' AND settles_at IS NOT NULL"
            " AND (settles_at <= ? OR ?)"
        )
        due = self._store.rows(statement, (self._provider, self._clock.timestamp(), is_forced))
        return [self.end_refund(refund["reference"], refund["outcome"]) for refund in due]

    def end_refund(self, reference: str, status: str) -> Row:
        """Bring a refund to its end, or to another one. Raises Declined: refund_unknown."""
        at = self._clock.timestamp() if status == "success" else None
        change = "UPDATE refunds SET status = ?, success_at = ?, settles_at = NULL WHERE provider = ? AND reference = ?"
        self._store.write(change, (status, at, self._provider, reference))
        found = self.refund_row(reference)
        if found is None:
            raise Declined("refund_unknown")
        return found

    def books(self, *, is_summary: bool) -> dict[str, Any]:
        """What was paid and given back."""
        transactions = self._store.rows(f"{OF_TRANSACTIONS} ORDER BY rowid", (self._provider,))
        refunds = self._store.rows("SELECT * FROM refunds WHERE provider = ? ORDER BY rowid", (self._provider,))
        counted = [one for one in refunds if one["status"] in ("success", "pending")]
        paid = list({one["reference"]: one for one in reversed(transactions)}.values())
        books: dict[str, Any] = {"paid_minor": _sums(paid), "refunded_minor": _sums(counted)}
        if is_summary:
            return books
        payments = self._store.rows(f"{OF_PAYMENTS} ORDER BY rowid", (self._provider,))
        by_reference = {one["reference"]: {"paid_minor": 0, "refunded_minor": 0, "transactions": 0} for one in payments}
        listed: dict[str, list[Row]] = {}
        for one in paid:
            by_reference[one["reference"]]["paid_minor"] = one["amount_minor"]
        for one in transactions:
            by_reference[one["reference"]]["transactions"] += 1
            shown = {name: one[name] for name in ("number", "amount_minor", "currency")}
            listed.setdefault(one["reference"], []).append(shown | {"success_at": iso(one["success_at"])})
        for one in counted:
            by_reference[one["payment"]]["refunded_minor"] += one["amount_minor"]
        names = ("reference", "state", "amount_minor", "currency")
        books["payments"] = [
            {name: one[name] for name in names} | {"transactions": listed.get(one["reference"], [])} for one in payments
        ]
        return books | {"refunds": [shown_refund(one) for one in refunds], "by_reference": by_reference}


OF_PAYMENTS = "SELECT * FROM payments WHERE provider = ?"
OF_TRANSACTIONS = "SELECT * FROM transactions WHERE provider = ?"


def shown_refund(refund: Row) -> Row:
    """A refund as the control port shows it."""
    return {name: refund[name] for name in SHOWN_OF_REFUND}


def _opened_before(payment: Row, content: str) -> Row:
    if payment["state"] != "open":
        raise Declined(payment["state"])
    if payment["content"] != content:
        raise Declined("differs")
    return payment


def _whole(row: Row | None) -> Row | None:
    return None if row is None else _unpacked(row)


def _unpacked(row: Row) -> Row:
    """With what the provider alone says of it beside the rest."""
    return {**json.loads(row["more"]), **row}


def _sums(rows: list[Row]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount_minor"]
    return sums
