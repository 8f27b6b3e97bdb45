"""The carriers' SIMs and plans: loading, finding, and the period that runs today."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from xuliu.sandbox.engine.clock import Clock
from xuliu.sandbox.engine.store import Row, Store

STATES = ("in_stock", "testing", "active", "suspended", "terminated")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPlan:
    """What can be ordered for a SIM."""

    carrier: str
    code: str
    name: str
    months: int = 0
    days: int = 0
    bytes: int = 0
    cost_minor: int = 0
    currency: str = "CNY"
    is_orderable: bool = True

    @property
    def is_renewal(self) -> bool:
        """A new period, not data within the running one."""
        return self.months > 0 or self.days > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierTerms:
    """How a carrier keeps its SIMs: where its days begin, what can be ordered by default, and how data are counted."""

    zone: ZoneInfo
    plans: tuple[CarrierPlan, ...] = ()
    counts_over_lifetime: bool = False  # a period that begins changes neither what is granted nor what is used


def later(start: date, *, months: int = 0, days: int = 0, anchor_day: int) -> date:
    """`start` plus a term. Months keep to the anchor day where the month has it: 31 Jan, 28 Feb, 31 Mar."""
    if months:
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        start = date(year, month + 1, min(anchor_day, calendar.monthrange(year, month + 1)[1]))
    return start + timedelta(days=days)


class Sims:
    """Everything about SIMs that is not an order."""

    def __init__(self, store: Store, clock: Clock, carriers: Mapping[str, CarrierTerms]) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock

    def terms(self, carrier: str) -> CarrierTerms:
        """How that carrier keeps its SIMs."""
        return self._carriers[carrier]

    def today(self, carrier: str) -> date:
        """The civil date where that carrier keeps its books."""
        return self._clock.today(self.terms(carrier).zone)

    def load_defaults(self) -> None:
        """The default plans, where there are none."""
        if self._store.row("SELECT 1 AS one FROM plans") is None:
            self.load_plans([asdict(plan) for terms in self._carriers.values() for plan in terms.plans])

    def load_plans(self, wanted: Iterable[dict[str, Any]]) -> int:
        """Add or replace plans. Raises ValueError or TypeError for a malformed one."""
        plans = [CarrierPlan(**plan) for plan in wanted]
        with self._store.transaction():
            for plan in plans:
                self.check_carrier(plan.carrier)
                self._store.insert("plans", asdict(plan), replace=True)
        return len(plans)

    def check_carrier(self, carrier: str) -> None:
        """Raises ValueError where there is no such carrier."""
        if carrier not in self._carriers:
            raise ValueError(f"carrier takes one of {', '.join(self._carriers)}")

    def plan(self, carrier: str, code: str) -> CarrierPlan | None:
        """A plan by its code."""
        row = self._store.row("SELECT * FROM plans WHERE carrier = ? AND code = ?", (carrier, code))
        return None if row is None else CarrierPlan(**{**row, "is_orderable": bool(row["is_orderable"])})

    def plans(self, carrier: str = "") -> list[Row]:
        """All plans, or a carrier's."""
        return self._store.rows(
            "SELECT * FROM plans WHERE carrier = ? OR ? = '' ORDER BY carrier, code", (carrier, carrier)
        )

    def load(self, wanted: Iterable[dict[str, Any]]) -> int:
        """Add or replace SIMs; what was bought for them before is forgotten. Raises ValueError or KeyError."""
        now = self._clock.timestamp()
        blank = {carrier: _blank(carrier, self.today(carrier), now) for carrier in self._carriers}
        wanted = list(wanted)
        for carrier in {sim["carrier"] for sim in wanted}:
            self.check_carrier(carrier)
        rows = [_loaded(sim, blank[sim["carrier"]]) for sim in wanted]
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            with self._store.transaction():
                self._store.write_many("DELETE FROM holdings WHERE iccid = ?", ((row["iccid"],) for row in rows))
                statement = f"REPLACE INTO sims ({', '.join(rows[0])}) VALUES ({marks})"
                self._store.write_many(statement, (tuple(row.values()) for row in rows))
        return len(rows)

    def change(self, wanted: dict[str, Any]) -> Row:
        """Change the fields given of one SIM. Raises ValueError for an unknown SIM or field."""
        allowed = {
            "msisdn",
            "imsi",
            "imei",
            "state",
            "plan",
            "label",
            "blocked",
            "ends_on",
            "granted_bytes",
            "used_bytes",
        }
        fields = {name: value for name, value in wanted.items() if name != "iccid"}
        if odd := set(fields) - allowed:
            raise ValueError(f"a SIM's {', '.join(sorted(odd))} cannot be changed")
        if fields.get("state", "active") not in STATES:
            raise ValueError(f"state takes one of {', '.join(STATES)}")
        with self._store.transaction():
            for name, value in fields.items():
                statement = f"UPDATE sims SET {name} = ?, changed_at = ? WHERE iccid = ?"
                self._store.write(statement, (value, self._clock.timestamp(), wanted["iccid"]))
            if "ends_on" in fields:
                self._move_end(wanted["iccid"], fields["ends_on"])
            found = self.by_iccid(wanted["iccid"])
        if found is None:
            raise ValueError(f"there is no SIM {wanted['iccid']}")
        return found

    def _move_end(self, iccid: str, ends_on: str) -> None:
        """Let the last period paid for, bought or loaded, end then."""
        newest = "SELECT max(id) FROM holdings WHERE iccid = ? AND is_add_on = 0"
        if self._store.write(f"UPDATE holdings SET ends_on = ? WHERE id = ({newest})", (ends_on, iccid)) == 0:
            self._store.write("UPDATE sims SET base_ends_on = ? WHERE iccid = ?", (ends_on, iccid))

    def by_iccid(self, iccid: str) -> Row | None:
        """A SIM as of today."""
        return self._as_of_today(self._store.row("SELECT * FROM sims WHERE iccid = ?", (iccid,)))

    def find(self, carrier: str, name: str, value: str) -> Row | None:
        """A carrier's SIM by `iccid`, `msisdn` or `imsi`, as of today."""
        if name not in ("iccid", "msisdn", "imsi") or not value:
            return None
        statement = f"SELECT * FROM sims WHERE {name} = ? AND carrier = ?"
        return self._as_of_today(self._store.row(statement, (value, carrier)))

    def listed(self, carrier: str, *, offset: int = 0, limit: int = -1) -> list[Row]:
        """A carrier's SIMs by ICCID."""
        statement = "SELECT * FROM sims WHERE carrier = ? OR ? = '' ORDER BY iccid LIMIT ? OFFSET ?"
        rows = self._store.rows(statement, (carrier, carrier, limit, offset))
        return [sim for row in rows if (sim := self._as_of_today(row)) is not None]

    def count(self, carrier: str) -> int:
        """How many SIMs a carrier has."""
        row = self._store.row("SELECT count(*) AS n FROM sims WHERE carrier = ?", (carrier,))
        return int(row["n"]) if row else 0

    def holdings(self, iccid: str) -> list[Row]:
        """What was bought for a SIM on top of its base period, oldest first."""
        return self._store.rows("SELECT * FROM holdings WHERE iccid = ? ORDER BY id", (iccid,))

    def _as_of_today(self, sim: Row | None) -> Row | None:
        """Begin the periods that have come due since the last look: fresh data, nothing used."""
        if sim is None:
            return None
        today = self.today(sim["carrier"]).isoformat()
        statement = (
            "SELECT starts_on, bytes, plan FROM holdings WHERE iccid = ? AND is_add_on = 0 AND starts_on > ?"
            " AND starts_on <= ? ORDER BY starts_on DESC LIMIT 1"
        )
        begun = self._store.row(statement, (sim["iccid"], sim["starts_on"], today))
        if begun is None or self.terms(sim["carrier"]).counts_over_lifetime:
            return sim
        fresh = {
            "starts_on": begun["starts_on"],
            "granted_bytes": begun["bytes"],
            "used_bytes": 0,
            "plan": begun["plan"],
        }
        with self._store.transaction():
            change = "UPDATE sims SET starts_on = ?, granted_bytes = ?, used_bytes = ?, plan = ? WHERE iccid = ?"
            self._store.write(change, (*fresh.values(), sim["iccid"]))
        return sim | fresh


def _blank(carrier: str, today: date, now: float) -> Row:
    """A SIM of which nothing was said: a year to go."""
    row: Row = dict.fromkeys(("iccid", "carrier", "msisdn", "imsi", "imei", "state", "plan", "label", "blocked"), "")
    end = later(today, days=365, anchor_day=1)
    row |= {"carrier": carrier, "state": "active", "base_starts_on": "", "base_ends_on": ""}
    row |= {"starts_on": today.isoformat(), "ends_on": end.isoformat(), "anchor_day": 0}
    return row | {"granted_bytes": 0, "used_bytes": 0, "changed_at": now}


def _loaded(sim: dict[str, Any], blank: Row) -> Row:
    """A SIM as stored, from what the control API was given. Many come at once, so this is kept short."""
    row = {**blank, **sim}
    if len(row) != len(blank):
        odd = ", ".join(sorted(set(sim) - set(blank)))
        raise ValueError(f"a SIM has no {odd}")
    if not row["iccid"] or row["state"] not in STATES:
        raise ValueError(f"a SIM has an iccid, and its state is one of {', '.join(STATES)}")
    end = date.fromisoformat(row["ends_on"])
    if row["starts_on"] >= row["ends_on"]:  # ended before it was loaded: when its last period began is not known
        row["starts_on"] = (end - timedelta(days=30)).isoformat()
    row["base_starts_on"], row["base_ends_on"] = row["starts_on"], row["ends_on"]
    row["anchor_day"] = row["anchor_day"] or end.day
    return row
