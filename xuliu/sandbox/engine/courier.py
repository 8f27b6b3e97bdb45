"""The courier: sends the providers' notices until they are taken, on each provider's calendar."""

import http.client
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from xuliu.sandbox.engine.clock import Clock, iso
from xuliu.sandbox.engine.faults import ALONE, OF_NOTICES, Fault, Faults
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.store import Row, Store

LOOK_EVERY = 0.05
AT_ONCE = 32


class Sender(Protocol):
    """A provider, as far as its notices go."""

    repeats: ClassVar[tuple[int, ...]]
    taken: ClassVar[tuple[int, ...]]

    def signed(self, body: bytes, *, is_genuine: bool = True) -> dict[str, str]: ...

    def garbled(self, body: bytes) -> bytes: ...


class Courier:
    """Writes notices and delivers them from a thread of its own."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, faults: Faults) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self.senders: dict[str, Sender] = {}
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="courier")
        self._under_way: set[str] = set()
        self._is_over = False

    def start(self, settle: Callable[[], object]) -> None:
        """Begin to deliver; `settle` is called on every look, so that what is due comes due without a caller."""
        threading.Thread(target=self._run, args=(settle,), daemon=True).start()

    def stop(self) -> None:
        """Deliver nothing more; what is on its way arrives."""
        self._is_over = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def write(self, provider: str, kind: str, reference: str, url: str, body: Callable[[str], bytes]) -> None:
        """Have a notice delivered; `body` makes it of its id."""
        now, notice_id = self._clock.timestamp(), str(uuid.uuid4())
        row: Row = {"id": notice_id, "provider": provider, "kind": kind, "reference": reference, "url": url}
        row |= {"body": body(notice_id), "attempts": 0, "created_at": now, "state": "waiting", "last_answer": ""}
        self._store.insert("notices", row | {"due_at": now + self._settings["notice_delay_seconds"]})
        self._wake.set()

    def repeat(self, reference: str, kind: str, times: int, *, is_parallel: bool) -> list[Row]:
        """Send the newest notice about something again; returns the merchant's answers. Raises ValueError for none."""
        statement = "SELECT * FROM notices WHERE reference = ? AND kind = ? ORDER BY rowid DESC LIMIT 1"
        notice = self._store.row(statement, (reference, kind))
        if notice is None:
            raise ValueError(f"there is no {kind} notice about {reference}")
        body, signed = notice["body"], self.senders[notice["provider"]].signed
        if is_parallel:
            with ThreadPoolExecutor(max_workers=min(times, 64)) as pool:
                return list(pool.map(lambda _: self.send(notice["url"], body, signed(body)), range(times)))
        return [self.send(notice["url"], body, signed(body)) for _ in range(times)]

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

    def _run(self, settle: Callable[[], object]) -> None:
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
            known = [notice for notice in found if notice["provider"] in self.senders]
            due = [notice for notice in known if notice["id"] not in self._under_way]
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
        reference = notice["reference"]
        fault = self._faults.pick(notice["provider"], "notice", ALONE, kinds=kinds, reference=reference)
        if fault is not None and fault.kind == "late":
            later = self._clock.timestamp() + fault.seconds(1.0)
            self._store.write("UPDATE notices SET due_at = ? WHERE id = ?", (later, notice["id"]))
        elif fault is not None and fault.kind == "nothing":
            self._store.write("UPDATE notices SET state = 'suppressed' WHERE id = ?", (notice["id"],))
        else:
            self._note(notice, self._carried(notice, fault))

    def _carried(self, notice: Row, fault: Fault | None) -> Row:
        """Send it, as the fault has it."""
        url, body, sender = notice["url"], notice["body"], self.senders[notice["provider"]]
        if fault is not None and fault.kind == "odd_body":
            body = sender.garbled(body)
        if fault is not None and fault.kind == "answer_twice":
            self._pool.submit(self.send, url, body, sender.signed(body))
        return self.send(url, body, sender.signed(body, is_genuine=fault is None or fault.kind != "bad_signature"))

    def _note(self, notice: Row, answer: Row) -> None:
        attempts, sender = notice["attempts"] + 1, self.senders[notice["provider"]]
        if answer["status"] in sender.taken:
            state, due = "taken", notice["due_at"]
        elif attempts > len(sender.repeats):
            state, due = "given_up", notice["due_at"]
        else:
            wait = sender.repeats[attempts - 1] * self._settings["notice_scale"]
            state, due = "waiting", self._clock.timestamp() + wait
        change = "UPDATE notices SET attempts = ?, state = ?, due_at = ?, last_answer = ? WHERE id = ?"
        self._store.write(change, (attempts, state, due, f"{answer['status']} {answer['body'][:200]}", notice["id"]))

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Row:
        """Send bytes of the caller's making; returns the merchant's answer."""
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
