"""The carriers' order books: what was asked for, what came of it, and when it takes effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from xuliu.sandbox.engine.clock import Clock, iso
from xuliu.sandbox.engine.faults import Fault
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.sims import CarrierPlan, Sims, later
from xuliu.sandbox.engine.store import Row, Store


@dataclass(frozen=True, slots=True)
class CarrierRefusal:
    """The carrier's refusal. `reason` is sim, plan, account or temporary; `kind` says more closely why."""

    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One SIM of an order, with the fault that befalls it or the refusal it meets."""

    sim: Row
    fault: Fault | None = None
    refusal: CarrierRefusal | None = None


class Orders:
    """Orders of all carriers."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, sims: Sims) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._sims = sims

    def refusal(self, sim: Row, plan: CarrierPlan | None, *, may_be_expired: bool) -> CarrierRefusal | None:
        """Why this SIM cannot have this plan now; None where it can."""
        if plan is None or not plan.is_orderable:
            return CarrierRefusal("plan", "not_orderable")
        if sim["blocked"]:
            return CarrierRefusal("sim", "expired" if sim["blocked"] == "expired" else "blocked")
        if sim["state"] not in ("active", "suspended"):
            return CarrierRefusal("sim", "state")
        if not may_be_expired and sim["ends_on"] <= self._sims.today(sim["carrier"]).isoformat():
            return CarrierRefusal("sim", "expired")
        return None

    def can_pay(self, carrier: str, cost_minor: int) -> bool:
        """Whether our account there covers the cost."""
        balance = self.balance(carrier)
        return balance is None or balance >= cost_minor

    def balance(self, carrier: str) -> int | None:
        """What our account at the carrier holds; None = no limit."""
        row = self._store.row("SELECT balance_minor FROM accounts WHERE carrier = ?", (carrier,))
        return None if row is None else row["balance_minor"]

    def place(
        self,
        *,
        carrier: str,
        operation: str,
        reference: str,
        number: str,
        plan: CarrierPlan,
        wanted: Sequence[Wanted],
        is_batch: bool,
    ) -> str:
        """Write an order and its lines, pay for them, and bring about what is due at once. Returns its number."""
        now = self._clock.timestamp()
        delay = max((line.fault.seconds(0.0) for line in wanted if line.fault), default=0.0)
        row = {
            "number": number,
            "carrier": carrier,
            "reference": reference,
            "operation": operation,
            "is_batch": is_batch,
        }
        settles = self._settings["settle_seconds"]
        waits = settles.get(carrier, 0) if isinstance(settles, dict) else settles
        row |= {"created_at": now, "settles_at": now + waits + delay}
        with self._store.transaction():
            self._store.insert("orders", row)
            for line in wanted:
                self._add_lines(number, plan, line)
            self.settle()
        return number

    def _add_lines(self, number: str, plan: CarrierPlan, wanted: Wanted) -> None:
        line = _line(number, plan, wanted)
        times = 2 if wanted.fault is not None and wanted.fault.kind == "act_twice" else 1
        for _ in range(times):
            self._store.insert("lines", line)
            if line["intent"] == "act":
                self._pay(wanted.sim["carrier"], plan.cost_minor)

    def _pay(self, carrier: str, cost_minor: int) -> None:
        change = "UPDATE accounts SET balance_minor = balance_minor - ? WHERE carrier = ? AND balance_minor IS NOT NULL"
        self._store.write(change, (cost_minor, carrier))

    def settle(self, *, is_forced: bool = False) -> int:
        """Bring about every order that is due, or every one; returns how many."""
        due = self._clock.timestamp()
        statement = (
            "SELECT number FROM orders WHERE settled_at IS NULL AND (settles_at <= ? OR ?) ORDER BY settles_at, rowid"
        )
        with self._store.transaction():
            waiting = self._store.rows(statement, (due, is_forced))
            for order in waiting:
                self._settle_one(order["number"], due)
        return len(waiting)

    def _settle_one(self, number: str, at: float) -> None:
        for line in self._store.rows(
            "SELECT * FROM lines WHERE number = ? AND state = 'waiting' ORDER BY id", (number,)
        ):
            if line["intent"] == "fail":
                self._store.write("UPDATE lines SET state = 'failed' WHERE id = ?", (line["id"],))
            elif line["intent"] == "nothing":
                self._store.write("UPDATE lines SET state = 'done' WHERE id = ?", (line["id"],))
            else:
                self._take_effect(line, at)
        self._store.write("UPDATE orders SET settled_at = ? WHERE number = ?", (at, number))

    def _take_effect(self, line: Row, at: float) -> None:
        """Change the SIM and write down what it was before and after."""
        sim = self._sims.by_iccid(line["iccid"])
        if sim is None:
            self._store.write("UPDATE lines SET state = 'failed', reason = 'sim' WHERE id = ?", (line["id"],))
            return
        is_renewal = line["months"] > 0 or line["days"] > 0
        after = self._renewed(sim, line) if is_renewal else self._added(sim, line)
        result = (
            at,
            after["from"],
            after["to"],
            sim["ends_on"],
            after["ends_on"],
            sim["granted_bytes"],
            after["granted_bytes"],
        )
        self._store.write(
            "UPDATE lines SET state = 'done', effective_at = ?, starts_on = ?, ends_on = ?, period_before = ?,"
            " period_after = ?, granted_before = ?, granted_after = ? WHERE id = ?",
            (*result, line["id"]),
        )

    def _added(self, sim: Row, line: Row) -> Row:
        """Data within the running period."""
        granted = sim["granted_bytes"] + line["bytes"]
        self._store.write("UPDATE sims SET granted_bytes = ? WHERE iccid = ?", (granted, sim["iccid"]))
        span = {"from": self._sims.today(sim["carrier"]).isoformat(), "to": sim["ends_on"]}
        self._hold(line, span, is_add_on=True)
        return span | {"ends_on": sim["ends_on"], "granted_bytes": granted}

    def _renewed(self, sim: Row, line: Row) -> Row:
        """A period behind the last one paid for, or from today where that has ended."""
        today, last = self._sims.today(sim["carrier"]), date.fromisoformat(sim["ends_on"])
        start, anchor = (last, sim["anchor_day"]) if last > today else (today, today.day)
        end = later(start, months=line["months"], days=line["days"], anchor_day=anchor).isoformat()
        span = {"from": start.isoformat(), "to": end}
        self._hold(line, span, is_add_on=False)
        self._store.write("UPDATE sims SET ends_on = ?, anchor_day = ? WHERE iccid = ?", (end, anchor, sim["iccid"]))
        if self._sims.terms(sim["carrier"]).counts_over_lifetime:  # the quota is the SIM's and grows at once
            change = "UPDATE sims SET granted_bytes = granted_bytes + ? WHERE iccid = ?"
            self._store.write(change, (line["bytes"], sim["iccid"]))
        running = self._sims.by_iccid(sim["iccid"]) or sim
        return span | {"ends_on": end, "granted_bytes": running["granted_bytes"]}

    def _hold(self, line: Row, span: Row, *, is_add_on: bool) -> None:
        sim = self._sims.by_iccid(line["iccid"]) or {}
        plan = self._sims.plan(sim.get("carrier", ""), line["plan"])
        row = {
            "iccid": line["iccid"],
            "plan": line["plan"],
            "name": plan.name if plan else line["plan"],
            "bytes": line["bytes"],
        }
        row |= {"starts_on": span["from"], "ends_on": span["to"], "is_add_on": is_add_on, "number": line["number"]}
        self._store.insert("holdings", row)

    def order(self, number: str) -> Row | None:
        """An order by its number."""
        return self._store.row("SELECT * FROM orders WHERE number = ?", (number,))

    def by_reference(self, carrier: str, reference: str) -> Row | None:
        """The first order that carried a reference."""
        statement = "SELECT * FROM orders WHERE carrier = ? AND reference = ? ORDER BY rowid LIMIT 1"
        return self._store.row(statement, (carrier, reference))

    def lines(self, number: str) -> list[Row]:
        """An order's lines."""
        return self._store.rows("SELECT * FROM lines WHERE number = ? ORDER BY id", (number,))

    def ordered_since(self, iccid: str, at: float) -> bool:
        """Was something ordered for this SIM after `at`?"""
        statement = "SELECT 1 AS one FROM lines JOIN orders USING (number) WHERE iccid = ? AND created_at > ? LIMIT 1"
        return self._store.row(statement, (iccid, at)) is not None

    def books(self, carrier: str, *, is_summary: bool) -> dict[str, Any]:
        """What really happened to a carrier's SIMs."""
        effects = self._store.rows(
            "SELECT lines.*, orders.reference, orders.created_at FROM lines JOIN orders USING (number)"
            " WHERE carrier = ? AND lines.state = 'done' AND intent = 'act' ORDER BY lines.id",
            (carrier,),
        )
        answer: dict[str, Any] = {"balance_minor": self.balance(carrier), "count": len(effects), "cost_minor": {}}
        by_iccid: dict[str, dict[str, int]] = {}
        for effect in effects:
            answer["cost_minor"][effect["currency"]] = (
                answer["cost_minor"].get(effect["currency"], 0) + effect["cost_minor"]
            )
            of_sim = by_iccid.setdefault(effect["iccid"], {"count": 0, "bytes": 0, "cost_minor": 0})
            of_sim["count"] += 1
            of_sim["bytes"] += effect["bytes"]
            of_sim["cost_minor"] += effect["cost_minor"]
        answer |= {"refused": self._count(carrier, "failed"), "waiting": self._count(carrier, "waiting")}
        if not is_summary:
            answer |= {"by_iccid": by_iccid, "effects": [_effect(row) for row in effects]}
        return answer

    def _count(self, carrier: str, state: str) -> int:
        statement = "SELECT count(*) AS n FROM lines JOIN orders USING (number) WHERE carrier = ? AND lines.state = ?"
        row = self._store.row(statement, (carrier, state))
        return int(row["n"]) if row else 0


def _line(number: str, plan: CarrierPlan, wanted: Wanted) -> Row:
    """A line as stored, with what a fault makes of it."""
    row: Row = {"number": number, "iccid": wanted.sim["iccid"], "msisdn": wanted.sim["msisdn"], "plan": plan.code}
    row |= {
        "months": plan.months,
        "days": plan.days,
        "bytes": plan.bytes,
        "intent": "act",
        "reason": "",
        "state": "waiting",
    }
    row |= {"cost_minor": plan.cost_minor, "currency": plan.currency}
    if wanted.refusal is not None:
        return row | {"intent": "fail", "reason": f"{wanted.refusal.reason}/{wanted.refusal.kind}"}
    fault = wanted.fault
    if fault is None:
        return row
    if fault.kind == "nothing":
        return row | {"intent": "nothing"}
    if fault.kind == "fail_later":
        return row | {"intent": "fail", "reason": f"{fault.reason}/stated"}
    if fault.kind == "wrong_amount":
        return row | _wrong(fault, plan)
    return row


def _wrong(fault: Fault, plan: CarrierPlan) -> Row:
    """What is delivered instead: `factor` of everything, or as said."""
    factor = float(fault.more.get("factor", 0.5))
    wrong: Row = {"bytes": int(fault.more.get("bytes", plan.bytes * factor)), "months": plan.months, "days": plan.days}
    if "months" in fault.more:
        wrong["months"] = int(fault.more["months"])
    elif plan.is_renewal:
        wrong |= {"months": 0, "days": max(1, int((plan.months * 30 + plan.days) * factor))}
    return wrong


def _effect(row: Row) -> Row:
    names = ("number", "reference", "iccid", "plan", "bytes", "starts_on", "ends_on", "period_before", "period_after")
    effect = {name: row[name] for name in (*names, "granted_before", "granted_after", "cost_minor", "currency")}
    return effect | {"ordered_at": iso(row["created_at"]), "effective_at": iso(row["effective_at"])}
