"""Lines under way as the steps see them: what a connector must know, and what must have changed afterwards."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from math import ceil
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.utils.functional import cached_property

from xuliu.balance.refresh import asking_of
from xuliu.carrier.accounts import capabilities_of
from xuliu.carrier.asking import Asking
from xuliu.carrier.contract import Action, Answer, Capabilities, Change, Proof, Question, Reading, SimKey
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering
from xuliu.common import arrays, clock, instants, parallel, stops
from xuliu.common.chunks import in_chunks
from xuliu.common.failures import error_text, kind_of, place_of
from xuliu.ordering.delivering.evidence import Promise, base_of, from_json
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import has_ended
from xuliu.ticket.operations import SAME_FAILURES, NewCase, failed_again, open_cases

Part = TypeVar("Part")
Said = TypeVar("Said")


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
    sent_before: int  # times that it reached the carrier by earlier attempts than the newest
    is_set_aside: bool
    zone: str
    offering_starts: str
    end_on: date | None  # as stored with the SIM: imported, accepted by a person, or proven
    stands_in_json: dict[str, Any] | None
    proven_json: dict[str, Any] | None
    looked_json: dict[str, Any] | None


class ActiveLine(_Row):
    """One line with its SIM, its offering's terms and its newest attempt. What is worked out is so once."""

    @property
    def is_overdue(self) -> bool:
        """Whether it has taken longer, since it was paid, than a person's patience."""
        return has_ended(self.paid_at, is_waited_for=self.is_waited_for)

    @property
    def before(self) -> Reading | None:
        """The reading taken before the newest attempt was sent."""
        return from_json(self.before_json)

    @cached_property
    def base(self) -> Reading | None:
        """What a reading after is held against: the reading before, what we knew where it says nothing, as of the
        sending, whenever the carrier says that it was."""
        return base_of(self.before_json, self.stands_in_json, self.sent_at)

    @property
    def proven(self) -> Reading | None:
        """The latest reading that proved a line of this SIM."""
        return from_json(self.proven_json)

    @property
    def looked(self) -> Reading | None:
        """What the carrier said when somebody looked this SIM up; None where that was more than a day ago."""
        if self.looked_json is None:
            return None
        looked = from_json(self.looked_json)
        return looked if looked is not None and clock.now() - looked.as_of <= LOOKED_WITHIN else None

    @property
    def known_end_on(self) -> date | None:
        """The latest end that was known of the SIM when the newest attempt was sent; None where all that was known was
        what the carrier said then."""
        stands_in = from_json(self.stands_in_json)
        return None if stands_in is None else stands_in.period_end_on

    @property
    def key(self) -> SimKey:
        """How the carrier may know the SIM."""
        return SimKey(iccid=self.iccid, msisdn=self.msisdn)

    @property
    def fields(self) -> dict[str, object]:
        """What names this line in a log."""
        return {"order": self.order_id, "line": self.id, "attempt": self.attempt}

    def change(self) -> Change:
        """What is asked of the carrier."""
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
        """What became of the newest attempt."""
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
        """What must have changed."""
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


READINGS_OF_A_LINE = 2
PART = 4  # SIMs that one thread reads before another is worth it
CLAIM_SECONDS = 0.3
LOOKED_WITHIN = timedelta(days=1)  # what a look-up showed longer ago is no news any more
AFTER_A_FAILURE = timedelta(seconds=15)
# A token, the change, told that the token is stale, another token, the change again.
EXCHANGES_OF_A_CHANGE = 5

log = logging.getLogger(__name__)

# For statements over `ordering_attempt e`: a sending that reached the carrier. What was kept back on our side or stood
# before its closed door is none, nor is what was refused because our account is empty.
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


def lines_by_id(ids: Sequence[int]) -> list[ActiveLine]:
    """These lines, those that a person waits for first. One statement."""
    if not ids:  # as most claims find: PostgreSQL would plan five tables for it
        return []
    sql = f"""
        SELECT {COLUMNS} FROM ordering_orderline l {JOINS} WHERE l.id = ANY(%s::bigint[])
        ORDER BY l.rank, l.turn, l.id"""
    with connection.cursor() as cursor:
        instants.read_quickly(cursor)
        cursor.execute(sql, (arrays.integers(ids),))
        return [ActiveLine._make(row) for row in cursor.fetchall()]


def delivered_since(lines: Sequence[ActiveLine]) -> dict[int, list[Promise] | None]:
    """What was delivered to the SIM of each of these lines since its newest attempt was sent, by other lines.

    None while another line of the SIM is with the carrier: until that ends, readings cannot tell the two apart.
    Two statements.
    """
    since: dict[int, list[Promise] | None] = {line.id: [] for line in lines}
    sql = """
        SELECT u.id, other.id, f.line_id IS NOT NULL
        FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS u(id, sim_id, sent_at)
        LEFT JOIN ordering_flight f ON f.sim_id = u.sim_id AND f.line_id <> u.id
        LEFT JOIN balance_bucket b ON b.sim_id = u.sim_id AND b.line_id <> u.id
        LEFT JOIN ordering_orderline other ON other.id = b.line_id AND other.state_at >= u.sent_at"""
    columns = (
        [line.id for line in lines],
        [line.sim_id for line in lines],
        [line.sent_at or line.state_at for line in lines],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        rows = cursor.fetchall()
    promises = {other.id: other.promise for other in lines_by_id([row[1] for row in rows if row[1]])}
    for line_id, other_id, is_flying in rows:
        found = since[line_id]
        if is_flying:
            since[line_id] = None
        elif found is not None and other_id is not None:
            found.append(promises[other_id])
    return since


def lease_due(*, account_id: int, states: Sequence[str], limit: int, lease: timedelta, stop: str) -> list[ActiveLine]:
    """Claim due lines, those that a person waits for first, by pushing their due time on.

    Two workers asking about the same line would be harmless; this keeps it rare.
    """
    at = clock.now()
    sql = """
        UPDATE ordering_orderline SET due_at = %s, tries = LEAST(tries + 1, 1000) WHERE id IN (
            SELECT id FROM ordering_orderline
            WHERE state = ANY(%s) AND due_at <= %s AND account_id = %s AND NOT is_set_aside
            ORDER BY rank, due_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id"""
    with stops.statement(stop), connection.cursor() as cursor:
        cursor.execute(sql, (at + lease, list(states), at, account_id, limit))
        ids = [row[0] for row in cursor.fetchall()]
    return lines_by_id(ids)


@dataclass(frozen=True, slots=True)
class CarrierClient:
    """One carrier account ready to be spoken to; `capabilities` with the limits that the account sets for itself."""

    account: CarrierAccount
    asking: Asking
    capabilities: Capabilities

    @classmethod
    def of(cls, account_id: int) -> "CarrierClient":
        """The account as it stands now: its pause and its limits may have changed."""
        account = CarrierAccount.objects.get(id=account_id)
        return cls(account, asking_of(account), capabilities_of(account))

    @property
    def lines_a_claim(self) -> int:
        """How many lines the account's budget carries in CLAIM_SECONDS: read, sent, and read again, in full calls.

        A claim takes no more, so that a person's line never waits behind more than that.
        """
        can = self.capabilities
        calls_per_line = READINGS_OF_A_LINE * can.calls_per_read / can.read_batch_size + 1 / can.batch_size
        lines_a_call = min(can.batch_size, can.read_batch_size)  # what one of each call carries anyhow
        return lines_a_call * ceil(can.calls_per_second * CLAIM_SECONDS / calls_per_line / lines_a_call)

    def read(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Reading | None]:
        """Readings of the lines' SIMs in their order, asked for in parts side by side; None where nothing usable was
        said of a SIM. Raises NotSent, NoAnswer."""
        return self._in_parts(lines, self._parts(lines), self._read, stop)

    def find(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Answer]:
        """What became of the lines' newest attempts, likewise; lines of one carrier's number stay together."""
        together: dict[str, list[ActiveLine]] = {}
        for line in lines:
            together.setdefault(line.carrier_number or str(line.id), []).append(line)
        parts = [list(chain.from_iterable(part)) for part in self._parts(list(together.values()))]
        return self._in_parts(lines, parts, self._find, stop)

    def submit(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Answer]:
        """Send the lines' changes; an answer each, in their order."""
        with stops.call(stop):
            return self.asking.submit([line.change() for line in lines])

    def _read(self, lines: Sequence["ActiveLine"], stop: str) -> list[Reading | None]:
        with stops.call(stop):
            return self.asking.read([line.key for line in lines])

    def _find(self, lines: Sequence["ActiveLine"], stop: str) -> list[Answer]:
        with stops.call(stop):
            return self.asking.find([line.question(self.deadline) for line in lines])

    def _parts(self, asked: Sequence[Part]) -> list[Sequence[Part]]:
        can = self.capabilities
        return in_chunks(asked, max(PART, can.read_batch_size, ceil(len(asked) / can.parallel)))

    def _in_parts(
        self,
        lines: Sequence["ActiveLine"],
        parts: Sequence[Sequence["ActiveLine"]],
        ask: Callable[[Sequence["ActiveLine"], str], Sequence[Said]],
        stop: str,
    ) -> list[Said]:
        said: dict[int, Said] = {}

        def one(part: Sequence[ActiveLine]) -> None:
            said.update(zip([line.id for line in part], ask(part, stop), strict=True))

        parallel.run([partial(one, part) for part in parts], at_once=self.capabilities.parallel)
        return [said[line.id] for line in lines]

    @property
    def deadline(self) -> timedelta:
        """The longest that sending one change lasts."""
        return longest_sending(self.capabilities)


def longest_sending(can: Capabilities) -> timedelta:
    """One call's deadline for each exchange that sending one change may take."""
    return timedelta(seconds=can.deadline_seconds * EXCHANGES_OF_A_CHANGE)


def absence_proves_from(line: ActiveLine, can: Capabilities) -> datetime:
    """From when a carrier's "not found" proves that the newest attempt was not done and will not be: from then on the
    line may be sent again. Steps and people ask this one."""
    return (line.sent_at or line.state_at) + longest_sending(can) + can.settles_within


def set_aside(line_id: int, step: str, error: Exception) -> bool:
    """A line that makes a step fail is tried again soon; at the third time in the same way it waits for a person, in
    the state it stands in. The others go on. Returns whether it waits for a person now."""
    log.error("a step failed over a line", exc_info=error, extra={"line": line_id, "stop": step})
    with stops.transaction("line.set_aside"):
        count = failed_again(subject_kind="orderline", subject_id=line_id, what=kind_of(step, error))
        is_last = count >= SAME_FAILURES
        if is_last:
            OrderLine.objects.filter(id=line_id).update(is_set_aside=True)
            facts = {"step": step, "error": error_text(error), "place": place_of(error)}
            open_cases([NewCase(kind="line_set_aside", subject_kind="orderline", subject_id=line_id, facts=facts)])
        else:
            wait = backoff(count - 1, first=AFTER_A_FAILURE, longest=timedelta(hours=1))
            OrderLine.objects.filter(id=line_id).update(due_at=clock.now() + wait)
    return is_last


ORDER_SET_ASIDE = "order_set_aside"
# For statements over `ordering_order o`: a person has not closed the case about it yet.
NOT_SET_ASIDE = f"""NOT EXISTS (
    SELECT 1 FROM ticket_case c
    WHERE c.kind = '{ORDER_SET_ASIDE}' AND c.subject_kind = 'order' AND c.subject_id = o.id AND c.state = 'OPEN')"""


def set_order_aside(order_id: int, step: str, error: Exception) -> None:
    """An order that makes a step fail three times in the same way waits for a person as long as its case is open; the
    others go on."""
    log.error("a step failed over an order", exc_info=error, extra={"order": order_id, "stop": step})
    with stops.transaction("order.set_aside"):
        count = failed_again(subject_kind="order", subject_id=order_id, what=kind_of(step, error))
        if count >= SAME_FAILURES:
            facts = {"step": step, "error": error_text(error), "place": place_of(error)}
            open_cases([NewCase(kind=ORDER_SET_ASIDE, subject_kind="order", subject_id=order_id, facts=facts)])


def backoff(tries: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """The wait before asking again: doubles each time."""
    return min(longest, timedelta(seconds=first.total_seconds() * 2 ** min(tries, 20)))
