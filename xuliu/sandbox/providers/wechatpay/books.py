"""What WeChat Pay knows of payments and refunds."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xuliu.sandbox.engine.clock import CHINA, Clock, instant, iso
from xuliu.sandbox.engine.faults import Fault
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.store import Row, Store

MOST_REFUNDS = 50
REFUNDABLE_SECONDS = 365 * 86400
STATE_WORDS = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}
OUTCOMES = {"success": "SUCCESS", "closed": "CLOSED", "abnormal": "ABNORMAL", "hold": "PROCESSING"}


class Refused(Exception):
    """The vendor's error: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class Payments:
    """Openings, transactions, refunds. Notices are the courier's."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, credentials: Mapping[str, str]) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._credentials = credentials

    def open(self, kind: str, wanted: dict[str, Any]) -> Row:
        """A payment to be paid; the same opening again is the same payment. Raises Refused."""
        content = json.dumps({**wanted, "kind": kind}, sort_keys=True)
        before = self.payment(wanted["out_trade_no"])
        if before is not None:
            return self._opened_before(before, content)
        now = self._clock.timestamp()
        expires = wanted.get("time_expire")
        row: Row = {
            "reference": wanted["out_trade_no"],
            "kind": kind,
            "content": content,
            "state": "NOTPAY",
            "created_at": now,
        }
        row |= {
            "token": secrets.token_urlsafe(12),
            "prepay_id": f"wx{instant(now).astimezone(CHINA):%d%H%M%S}{secrets.token_hex(13)}",
        }
        row |= {
            "description": wanted["description"],
            "attach": wanted.get("attach", ""),
            "notify_url": wanted["notify_url"],
        }
        row |= {"amount_minor": wanted["amount"]["total"], "currency": wanted["amount"].get("currency", "CNY")}
        row |= {"openid": wanted.get("payer", {}).get("openid", "")}
        row |= {"expires_at": datetime.fromisoformat(expires).timestamp() if expires else None}
        self._store.insert("payments", row)
        return self.existing(row["reference"])

    def _opened_before(self, payment: Row, content: str) -> Row:
        if payment["state"] == "SUCCESS":
            raise Refused(400, "ORDERPAID", "该订单已支付")
        if payment["state"] == "CLOSED":
            raise Refused(400, "ORDER_CLOSED", "该订单已关闭")
        if payment["content"] != content:
            raise Refused(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        return payment

    def payment(self, reference: str) -> Row | None:
        """A payment by the merchant's reference."""
        return self._store.row("SELECT * FROM payments WHERE reference = ?", (reference,))

    def existing(self, reference: str) -> Row:
        """The same; raises Refused where there is none."""
        payment = self.payment(reference)
        if payment is None:
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        return payment

    def by_token(self, token: str) -> Row | None:
        """The payment whose page this is."""
        return self._store.row("SELECT * FROM payments WHERE token = ?", (token,))

    def by_prepay_id(self, prepay_id: str) -> Row | None:
        """The payment that a prepay id stands for."""
        return self._store.row("SELECT * FROM payments WHERE prepay_id = ?", (prepay_id,))

    def by_number(self, number: str) -> Row | None:
        """The payment of a transaction."""
        found = self._store.row("SELECT reference FROM transactions WHERE number = ?", (number,))
        return None if found is None else self.payment(found["reference"])

    def transactions(self, reference: str) -> list[Row]:
        """What was announced under a reference, first first. Paid is the first alone: the vendor takes money once for
        an out_trade_no, and whatever it says later under another number is the same payment."""
        return self._store.rows("SELECT * FROM transactions WHERE reference = ? ORDER BY rowid", (reference,))

    def is_expired(self, payment: Row) -> bool:
        """Past its time to be paid?"""
        return payment["expires_at"] is not None and payment["expires_at"] <= self._clock.timestamp()

    def pay(self, reference: str, *, openid: str = "", success_at: float | None = None, **reported: Any) -> Row:
        """The payer's money arrives. `reported` overrides what is said of it: amount_minor, currency, mchid, appid."""
        payment = self.existing(reference)
        stamp = instant(self._clock.timestamp()).astimezone(CHINA)
        row: Row = {
            "number": f"4200{stamp:%y%m%d}{self._store.next_number('wechatpay'):08d}{secrets.randbelow(10**10):010d}"
        }
        row |= {"reference": reference, "amount_minor": payment["amount_minor"], "currency": payment["currency"]}
        row |= {
            "openid": openid or payment["openid"] or new_openid(),
            "success_at": success_at or self._clock.timestamp(),
        }
        row |= {name: self._credentials[name] for name in ("mchid", "appid")}
        row |= {name: value for name, value in reported.items() if value is not None}
        with self._store.transaction():
            self._store.insert("transactions", row)
            self._store.write(
                "UPDATE payments SET state = 'SUCCESS', is_paid_when_closed = 0 WHERE reference = ?", (reference,)
            )
        return row

    def late_payers(self) -> list[Row]:
        """Payments whose payer waits for their time to run out, and it has."""
        statement = "SELECT * FROM payments WHERE is_paid_when_closed = 1 AND state = 'NOTPAY' AND expires_at <= ?"
        return self._store.rows(statement, (self._clock.timestamp(),))

    def close(self, reference: str) -> Row:
        """Nobody shall pay it any more. Closing again changes nothing. Raises Refused where it is paid."""
        payment = self.existing(reference)
        if payment["state"] == "SUCCESS":
            raise Refused(400, "ORDERPAID", "该订单已支付")
        change = "UPDATE payments SET state = 'CLOSED', closed_at = coalesce(closed_at, ?) WHERE reference = ?"
        self._store.write(change, (self._clock.timestamp(), reference))
        return self.existing(reference)

    def shown(self, payment: Row, number: str = "") -> dict[str, Any]:
        """The vendor's answer to a query."""
        transactions = self.transactions(payment["reference"])
        paid = next((one for one in transactions if one["number"] == number), transactions[0] if transactions else None)
        state = payment["state"]
        if paid and self._store.row("SELECT 1 AS one FROM refunds WHERE payment = ?", (payment["reference"],)):
            state = "REFUND"
        trade = {"out_trade_no": payment["reference"], "trade_state": state, "trade_state_desc": STATE_WORDS[state]}
        if paid is None:
            amount = {"total": payment["amount_minor"], "currency": payment["currency"]}
            return (
                {name: self._credentials[name] for name in ("appid", "mchid")} | trade | {"amount": amount, "payer": {}}
            )
        return self.transaction_shown(payment, paid) | trade

    def transaction_shown(self, payment: Row, paid: Row) -> dict[str, Any]:
        """A transaction as a query and a notice carry it."""
        amount = {"total": paid["amount_minor"], "payer_total": paid["amount_minor"]}
        amount |= {"currency": paid["currency"], "payer_currency": paid["currency"]}
        shown = {"appid": paid["appid"], "mchid": paid["mchid"], "out_trade_no": paid["reference"]}
        shown |= {"transaction_id": paid["number"], "trade_type": payment["kind"].upper()}
        shown |= {"trade_state": "SUCCESS", "trade_state_desc": STATE_WORDS["SUCCESS"], "bank_type": "OTHERS"}
        shown |= {"attach": payment["attach"], "success_time": china_time(paid["success_at"])}
        return shown | {"payer": {"openid": paid["openid"]}, "amount": amount}

    def refund(self, wanted: dict[str, Any], fault: Fault | None) -> Row:
        """Give money back; the same out_refund_no is the same refund. Raises Refused."""
        amount = wanted["amount"]
        before = self.refund_row(wanted["out_refund_no"])
        if before is not None:
            same = (before["amount_minor"], before["total_minor"]) == (amount["refund"], amount["total"])
            if not same or before["payment"] != self._paid(wanted)["reference"]:
                raise Refused(400, "INVALID_REQUEST", "同一个商户退款单号多次请求，请求参数不一致")
            return before
        paid = self._paid(wanted)
        self._check_refund(paid, amount)
        now = self._clock.timestamp()
        faulty = {"nothing": "hold", "fail_later": "abnormal"}
        outcome = faulty[fault.kind] if fault else self._settings["refund_outcome"]
        row: Row = {
            "reference": wanted["out_refund_no"],
            "payment": paid["reference"],
            "transaction_number": paid["number"],
        }
        row |= {"number": f"5030{instant(now):%y%m%d}{self._store.next_number('refund'):018d}", "status": "PROCESSING"}
        row |= {"amount_minor": amount["refund"], "total_minor": amount["total"], "currency": paid["currency"]}
        row |= {"notify_url": wanted.get("notify_url", ""), "created_at": now, "outcome": OUTCOMES[outcome]}
        row |= {"settles_at": None if outcome == "hold" else now + self._settings["refund_seconds"]}
        self._store.insert("refunds", row)
        return row | {"success_at": None}

    def _paid(self, wanted: dict[str, Any]) -> Row:
        """The transaction that a refund is about."""
        if wanted.get("transaction_id"):
            found = self._store.row("SELECT * FROM transactions WHERE number = ?", (wanted["transaction_id"],))
        else:
            found = next(iter(self.transactions(str(wanted.get("out_trade_no")))), None)
        if found is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        return found

    def _check_refund(self, paid: Row, amount: dict[str, Any]) -> None:
        """The vendor's limits: figures, count, spacing, age."""
        given = self._store.rows("SELECT * FROM refunds WHERE payment = ?", (paid["reference"],))
        received = self.transactions(paid["reference"])[0]["amount_minor"]
        # What went wrong at the payer's bank waits between the two, and can be given back under its own number only.
        back = sum(one["amount_minor"] for one in given if one["status"] in ("PROCESSING", "SUCCESS", "ABNORMAL"))
        now = self._clock.timestamp()
        if amount["total"] != paid["amount_minor"] or amount.get("currency", "CNY") != paid["currency"]:
            raise Refused(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if amount["refund"] > received - back:
            raise Refused(400, "INVALID_REQUEST", "申请退款金额大于订单可退金额")
        if len(given) >= MOST_REFUNDS:
            raise Refused(400, "INVALID_REQUEST", "部分退款次数超过限制")
        if now - paid["success_at"] > REFUNDABLE_SECONDS:
            raise Refused(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")
        spacing = self._settings["refund_spacing_seconds"]
        if any(now - one["created_at"] < spacing for one in given):
            raise Refused(429, "FREQUENCY_LIMITED", "同一订单的多笔退款需间隔1分钟后再提交")

    def refund_row(self, reference: str) -> Row | None:
        """A refund by the merchant's reference."""
        return self._store.row("SELECT * FROM refunds WHERE reference = ?", (reference,))

    def settle(self, *, is_forced: bool = False) -> list[Row]:
        """End the refunds that are due (or all that are not held); returns them."""
        statement = (
            "SELECT * FROM refunds WHERE status = 'PROCESSING' AND settles_at IS NOT NULL AND (settles_at <= ? OR ?)"
        )
        due = self._store.rows(statement, (self._clock.timestamp(), is_forced))
        return [self.end_refund(refund["reference"], refund["outcome"]) for refund in due]

    def end_refund(self, reference: str, status: str) -> Row:
        """Bring a refund to its end."""
        at = self._clock.timestamp() if status == "SUCCESS" else None
        change = "UPDATE refunds SET status = ?, success_at = ?, settles_at = NULL WHERE reference = ?"
        self._store.write(change, (status, at, reference))
        found = self.refund_row(reference)
        if found is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return found

    def refund_shown(self, refund: Row) -> dict[str, Any]:
        """The vendor's answer about a refund."""
        total, back = refund["total_minor"], refund["amount_minor"]
        amount = {
            "total": total,
            "refund": back,
            "from": [],
            "payer_total": total,
            "payer_refund": back,
            "settlement_refund": back,
        }
        amount |= {"settlement_total": total, "discount_refund": 0, "currency": refund["currency"], "refund_fee": 0}
        shown = {
            "refund_id": refund["number"],
            "out_refund_no": refund["reference"],
            "transaction_id": refund["transaction_number"],
        }
        shown |= {"out_trade_no": refund["payment"], "channel": "ORIGINAL", "user_received_account": "支付用户零钱"}
        shown |= {
            "create_time": china_time(refund["created_at"]),
            "status": refund["status"],
            "funds_account": "UNSETTLED",
        }
        if refund["success_at"] is not None:
            shown["success_time"] = china_time(refund["success_at"])
        return shown | {"amount": amount, "promotion_detail": []}

    def books(self, *, is_summary: bool) -> dict[str, Any]:
        """What was paid and given back."""
        transactions = self._store.rows("SELECT * FROM transactions ORDER BY rowid")
        refunds = self._store.rows("SELECT * FROM refunds ORDER BY rowid")
        counted = [one for one in refunds if one["status"] in ("SUCCESS", "PROCESSING")]
        paid = list({one["reference"]: one for one in reversed(transactions)}.values())
        books: dict[str, Any] = {"paid_minor": _sums(paid), "refunded_minor": _sums(counted)}
        if is_summary:
            return books
        by_reference: dict[str, dict[str, int]] = {}
        listed: dict[str, list[Row]] = {}
        for row in self._store.rows("SELECT reference FROM payments ORDER BY rowid"):
            by_reference[row["reference"]] = {"paid_minor": 0, "refunded_minor": 0, "transactions": 0}
        for one in paid:
            by_reference[one["reference"]]["paid_minor"] = one["amount_minor"]
        for one in transactions:
            by_reference[one["reference"]]["transactions"] += 1
            shown = {name: one[name] for name in ("number", "amount_minor", "currency")}
            listed.setdefault(one["reference"], []).append(shown | {"success_at": iso(one["success_at"])})
        for one in counted:
            by_reference[one["payment"]]["refunded_minor"] += one["amount_minor"]
        payments = self._store.rows("SELECT reference, state, amount_minor, currency FROM payments ORDER BY rowid")
        books["payments"] = [payment | {"transactions": listed.get(payment["reference"], [])} for payment in payments]
        names = ("reference", "payment", "number", "amount_minor", "currency", "status")
        books["refunds"] = [{name: one[name] for name in names} for one in refunds]
        return books | {"by_reference": by_reference}


def _sums(rows: list[Row]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount_minor"]
    return sums


def china_time(at: float) -> str:
    """RFC 3339 with China's offset, to the second."""
    return instant(at).astimezone(CHINA).isoformat(timespec="seconds")


def new_openid() -> str:
    """28 characters, as WeChat's are."""
    return f"oU{secrets.token_urlsafe(24)[:26]}"
