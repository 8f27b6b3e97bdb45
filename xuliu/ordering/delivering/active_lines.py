"""Active lines: what a step knows of a line, what it asks of the carrier, and what must change."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils.functional import cached_property

from xuliu.carrier.contract import Action, Change, Proof, Question, Reading, SimKey
from xuliu.catalog.models import Offering
from xuliu.common import arrays, clock, instants
from xuliu.ordering.delivering.evidence import Promise, base_of, from_json
from xuliu.ordering.patience import has_ended

LOOKED_WITHIN = timedelta(days=1)  # older look-ups are out of date
# For statements on `ordering_attempt e`: a sending that reached the carrier. One kept back on our side, turned away, or
# refused because our account is empty does not count.
REACHED = "e.sent_at IS NOT NULL AND NOT (e.outcome = 'not_sent' AND e.reason IN ('away', 'account'))"

COLUMNS = f"""
    l.id, l.order_id, l.sim_id, l.attempt, l.tries, replace(l.reference::text, '-', ''), s.iccid, s.msisdn,
    s.anchor_day, l.starts_on, l.ends_on, o.kind, o.plan_code, o.months, o.days, o.size_bytes, o.proof,
    a.before, a.sent_at, a.answered_at, COALESCE(a.carrier_number, ''), l.state, l.state_at,
    paid.paid_at, paid.is_waited_for, CASE WHEN l.attempt <= 1 THEN 0 ELSE (
        SELECT count(*) FROM ordering_attempt e WHERE e.line_id = l.id AND e.number < l.attempt AND {REACHED}) END,
    l.is_set_aside, acc.zone, o.starts, s.period_end_on, a.stands_in,
    CASE WHEN p.sim_id IS NOT NULL THEN jsonb_build_object(
        'iccid', s.iccid, 'as_of', p.as_of, 'period_end_on', p.period_end_on, 'granted_bytes', p.granted_bytes,
        'counted_from', p.counted_from, 'plans', p.plans) END,
    CASE WHEN r.as_of IS NOT NULL AND r.refused = '' THEN jsonb_build_object(
        'iccid', s.iccid, 'as_of', r.as_of, 'period_end_on', r.period_end_on, 'granted_bytes', r.granted_bytes,
        'counted_from', r.counted_from) END"""

JOINS = """
    JOIN inventory_sim s ON s.id = l.sim_id JOIN catalog_offering o ON o.id = l.offering_id
    JOIN ordering_order paid ON paid.id = l.order_id
    JOIN carrier_carrieraccount acc ON acc.id = l.account_id
    LEFT JOIN balance_provenreading p ON p.sim_id = l.sim_id
    LEFT JOIN balance_reading r ON r.sim_id = l.sim_id
    LEFT JOIN ordering_attempt a ON a.line_id = l.id AND a.number = l.attempt"""


class _Row(NamedTuple):
    """What COLUMNS selects. No dataclass: to make a frozen one of so many fields takes six times as long."""

    id: int
    order_id: int
    sim_id: int
    attempt: int
    tries: int
    reference: str
    iccid: str
    msisdn: str
    anchor_day: int | None
    starts_on: date
    ends_on: date
    kind: str
    plan_code: str
    months: int
    days: int
    size_bytes: int
    proof: str
    before_json: dict[str, Any] | None
    sent_at: datetime | None
    answered_at: datetime | None
    carrier_number: str
    state: str
    state_at: datetime
    paid_at: datetime | None
    is_waited_for: bool
    sent_before: int  # how often earlier attempts than the newest reached the carrier
    is_set_aside: bool
    zone: str
    offering_starts: str
    end_on: date | None  # the SIM's stored end: imported, accepted by a person, or proven
    stands_in_json: dict[str, Any] | None
    proven_json: dict[str, Any] | None
    looked_json: dict[str, Any] | None


class ActiveLine(_Row):
    """One line with its SIM, its offering's terms and its newest attempt. Computed values are cached."""

    @property
    def is_overdue(self) -> bool:
        """Whether it has outlasted a person's patience since it was paid."""
        return has_ended(self.paid_at, is_waited_for=self.is_waited_for)

    @property
    def before(self) -> Reading | None:
        """The reading taken before the newest attempt was sent."""
        return from_json(self.before_json)

    @cached_property
    def base(self) -> Reading | None:
        """What a reading after is compared with: the reading before, completed by what we knew, dated by our sending
        and not by the carrier."""
        return base_of(self.before_json, self.stands_in_json, self.sent_at)

    @property
    def proven(self) -> Reading | None:
        """The latest reading that proved a line of this SIM."""
        return from_json(self.proven_json)

    @property
    def looked(self) -> Reading | None:
        """The carrier's reading when somebody looked this SIM up; None if that was over a day ago."""
        if self.looked_json is None:
            return None
        looked = from_json(self.looked_json)
        return looked if looked is not None and clock.now() - looked.as_of <= LOOKED_WITHIN else None

    @property
    def known_end_on(self) -> date | None:
        """The latest end known when the newest attempt was sent; None if we only knew the reading before."""
        stands_in = from_json(self.stands_in_json)
        return None if stands_in is None else stands_in.period_end_on

    @property
    def key(self) -> SimKey:
        """The numbers by which the carrier knows the SIM."""
        return SimKey(iccid=self.iccid, msisdn=self.msisdn)

    @property
    def fields(self) -> dict[str, object]:
        """The fields that identify this line in a log."""
        return {"order": self.order_id, "line": self.id, "attempt": self.attempt}

    def change(self) -> Change:
        """The change to ask of the carrier."""
        return Change(
            reference=self.reference,
            sim=self.key,
            action=Action.RENEW if self.kind == Offering.Kind.RENEWAL else Action.ADD_ON,
            plan_code=self.plan_code,
            months=self.months,
            days=self.days,
            size_bytes=self.size_bytes,
        )

    def question(self, deadline: timedelta) -> Question:
        """The question what became of the newest attempt."""
        sent_at = self.sent_at or self.state_at
        return Question(
            change=self.change(),
            number=self.carrier_number,
            before=self.base,
            sent_from=sent_at,
            sent_to=(self.answered_at or sent_at) + deadline,
        )

    @cached_property
    def promise(self) -> Promise:
        """What the delivery must change."""
        return Promise(
            proof=Proof(self.proof),
            plan_code=self.plan_code,
            months=self.months,
            days=self.days,
            size_bytes=self.size_bytes,
            anchor_day=self.anchor_day or self.ends_on.day,
            zone=self.zone,
            carrier_number=self.carrier_number,
            starts_next_month=self.offering_starts == Offering.Start.NEXT_MONTH,
        )


def lines_by_id(ids: Sequence[int]) -> list[ActiveLine]:
    """These lines, those with a person waiting first. One statement."""
    if not ids:  # most claims find none, and PostgreSQL would plan five tables
        return []
    sql = f"""
        SELECT {COLUMNS} FROM ordering_orderline l {JOINS} WHERE l.id = ANY(%s::bigint[])
        ORDER BY l.rank, l.turn, l.id"""
    with connection.cursor() as cursor:
        instants.read_quickly(cursor)
        cursor.execute(sql, (arrays.integers(ids),))
        return [ActiveLine._make(row) for row in cursor.fetchall()]
