"""The courier: sends notices until they are taken, on the vendor's calendar."""

import http.client
import json
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from xuliu.sandbox.engine.clock import Clock, iso
from xuliu.sandbox.engine.faults import OF_NOTICES, Fault, Faults
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.store import Row, Store
from xuliu.sandbox.providers.wechatpay.books import Payments, china_time
from xuliu.sandbox.providers.wechatpay.signing import Signing

# Seconds before each repeat; after the last the vendor gives up.
REPEATS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
LOOK_EVERY = 0.05
AT_ONCE = 32


class Courier:
    """Writes notices and delivers them from a thread of its own."""

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, faults: Faults, signing: Signing, payments: Payments
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self._signing = signing
        self._payments = payments
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="courier")
        self._under_way: set[str] = set()
        self._is_over = False

    def start(self, settle: Callable[[], None]) -> None:
        """Begin to deliver; `settle` is called on every look, so that what is due comes due without a caller."""
        threading.Thread(target=self._run, args=(settle,), daemon=True).start()

    def stop(self) -> None:
        """Deliver nothing more; what is on its way arrives."""
        self._is_over = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def paid(self, payment: Row, transaction: Row, fault: Fault | None = None) -> None:
        """Tell the merchant that a payment has succeeded."""
        resource = self._payments.transaction_shown(payment, transaction)
        if fault is not None and fault.kind == "wrong_amount":
            wrong = fault.more.get(
                "amount_minor", int(transaction["amount_minor"] * float(fault.more.get("factor", 0.5)))
            )
            resource["amount"] |= {"total": wrong, "payer_total": wrong}
        self._write(
            "payment",
            payment["reference"],
            payment["notify_url"],
            "TRANSACTION.SUCCESS",
            "支付成功",
            "transaction",
            resource,
        )

    def refunded(self, refund: Row) -> None:
        """Tell the merchant how a refund ended, where it wants to know."""
        if not refund["notify_url"]:
            return
        shown = self._payments.refund_shown(refund)
        amount = {name: shown["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
        names = ("out_trade_no", "transaction_id", "out_refund_no", "refund_id", "user_received_account")
        resource = {name: shown[name] for name in names} | {"refund_status": refund["status"], "amount": amount}
        resource["mchid"] = self._signing.mchid
        if "success_time" in shown:
            resource["success_time"] = shown["success_time"]
        words = {"SUCCESS": "退款成功", "CLOSED": "退款关闭", "ABNORMAL": "退款异常"}[refund["status"]]
        self._write(
            "refund", refund["reference"], refund["notify_url"], f"REFUND.{refund['status']}", words, "refund", resource
        )

    def _write(self, kind: str, reference: str, url: str, event: str, words: str, original: str, resource: Row) -> None:
        now = self._clock.timestamp()
        body = self.body(event, words, self._signing.sealed(resource, original, original_type=original))
        row: Row = {
            "id": json.loads(body)["id"],
            "kind": kind,
            "reference": reference,
            "url": url,
            "body": body,
            "attempts": 0,
        }
        row |= {
            "created_at": now,
            "due_at": now + self._settings["notice_delay_seconds"],
            "state": "waiting",
            "last_answer": "",
        }
        self._store.insert("notices", row)
        self._wake.set()

    def body(self, event: str, words: str, resource: dict[str, str], notice_id: str = "") -> bytes:
        """A notice on the wire."""
        content: dict[str, Any] = {
            "id": notice_id or str(uuid.uuid4()),
            "create_time": china_time(self._clock.timestamp()),
        }
        content |= {"resource_type": "encrypt-resource", "event_type": event, "summary": words, "resource": resource}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    def repeat(self, reference: str, kind: str, times: int, *, is_parallel: bool) -> list[Row]:
        """Send the newest notice about something again; returns the merchant's answers. Raises ValueError for none."""
        statement = "SELECT * FROM notices WHERE reference = ? AND kind = ? ORDER BY rowid DESC LIMIT 1"
        notice = self._store.row(statement, (reference, kind))
        if notice is None:
            raise ValueError(f"there is no {kind} notice about {reference}")
        if is_parallel:
            with ThreadPoolExecutor(max_workers=min(times, 64)) as pool:
                return list(
                    pool.map(
                        lambda _: self._send(notice["url"], notice["body"], self._signing.headers_now(notice["body"])),
                        range(times),
                    )
                )
        return [
            self._send(notice["url"], notice["body"], self._signing.headers_now(notice["body"])) for _ in range(times)
        ]

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Row:
        """Send bytes of the caller's making; returns the merchant's answer."""
        return self._send(url, body, headers)

    def rest(self) -> None:
        """Wait until nothing is on its way: a reset must not be followed by a notice from before it."""
        ends = time.monotonic() + self._settings["notice_timeout_seconds"] + 1
        while time.monotonic() < ends:
            with self._store.lock:
                if not self._under_way:
                    return
            time.sleep(0.01)

    def listed(self, reference: str) -> list[Row]:
        """The notices about something, or all."""
        rows = self._store.rows(
            "SELECT * FROM notices WHERE reference = ? OR ? = '' ORDER BY rowid", (reference, reference)
        )
        names = ("id", "kind", "reference", "url", "attempts", "state", "last_answer")
        return [
            {name: row[name] for name in names} | {"due_at": iso(row["due_at"]), "created_at": iso(row["created_at"])}
            for row in rows
        ]

    def _run(self, settle: Callable[[], None]) -> None:
        while not self._is_over:
            self._wake.wait(LOOK_EVERY)
            self._wake.clear()
            try:
                settle()
                if self._settings["notices"]:
                    for notice in self._due():
                        self._pool.submit(self._deliver, notice)
            except Exception:  # noqa: BLE001 -- a courier that dies unheard would be a fault that nobody planted
                traceback.print_exc()

    def _due(self) -> list[Row]:
        """Notices whose time has come and that nobody carries yet."""
        statement = "SELECT * FROM notices WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?"
        with self._store.lock:
            found = self._store.rows(statement, (self._clock.timestamp(), AT_ONCE * 4))
            due = [notice for notice in found if notice["id"] not in self._under_way]
            self._under_way |= {notice["id"] for notice in due}
        return due

    def _deliver(self, notice: Row) -> None:
        """Carry one notice; in a thread of the pool, whose exceptions nobody would hear."""
        try:
            self._attempt(notice)
        except Exception:  # noqa: BLE001 -- see above; when we are stopping, the books are closed already
            if not self._is_over:
                traceback.print_exc()
        finally:
            with self._store.lock:
                self._under_way.discard(notice["id"])

    def _attempt(self, notice: Row) -> None:
        kinds = OF_NOTICES - {"wrong_amount"}
        fault = self._faults.pick("wechatpay", "notice", "notice", kinds=kinds, reference=notice["reference"])
        if fault is not None and fault.kind == "late":
            later = self._clock.timestamp() + fault.seconds(1.0)
            self._store.write("UPDATE notices SET due_at = ? WHERE id = ?", (later, notice["id"]))
        elif fault is not None and fault.kind == "nothing":
            self._store.write("UPDATE notices SET state = 'suppressed' WHERE id = ?", (notice["id"],))
        else:
            self._note(notice, self._carried(notice, fault))

    def _carried(self, notice: Row, fault: Fault | None) -> Row:
        """Send it, as the fault has it."""
        url, body = notice["url"], notice["body"]
        headers = self._signing.headers_now(body)
        if fault is not None and fault.kind == "bad_signature":
            headers = self._signing.headers(body, self._signing.impostor(headers["Wechatpay-Serial"]))
        if fault is not None and fault.kind == "odd_body":
            odd = json.loads(body)
            odd["resource"]["ciphertext"] = odd["resource"]["ciphertext"][::-1]
            body = json.dumps(odd).encode()
            headers = self._signing.headers_now(body)
        if fault is not None and fault.kind == "answer_twice":
            self._pool.submit(self._send, url, body, self._signing.headers_now(body))
        return self._send(url, body, headers)

    def _note(self, notice: Row, answer: Row) -> None:
        attempts = notice["attempts"] + 1
        if answer["status"] in (200, 204):
            state, due = "taken", notice["due_at"]
        elif attempts > len(REPEATS):
            state, due = "given_up", notice["due_at"]
        else:
            state, due = "waiting", self._clock.timestamp() + REPEATS[attempts - 1] * self._settings["notice_scale"]
        change = "UPDATE notices SET attempts = ?, state = ?, due_at = ?, last_answer = ? WHERE id = ?"
        self._store.write(change, (attempts, state, due, f"{answer['status']} {answer['body'][:200]}", notice["id"]))

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> Row:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._settings["notice_timeout_seconds"])
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        sent = {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Mozilla/4.0",
            "Pragma": "no-cache",
            **headers,
        }
        try:
            connection.request("POST", path, body, sent)
            answer = connection.getresponse()
            return {"status": answer.status, "body": answer.read(65536).decode("utf-8", "replace")}
        except (OSError, http.client.HTTPException) as trouble:
            return {"status": 0, "body": type(trouble).__name__}
        finally:
            connection.close()
