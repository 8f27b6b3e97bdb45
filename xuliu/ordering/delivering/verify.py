"""Verify: a carrier's OK is not proof. The SIM is read again before the receipt.

A predicate over the readings before and after, chosen by the offering, proves a delivery. A line not proven within the
carrier's `verify_within` becomes DISPUTED: a case is opened, the money stays held, and the SIM is read every day.
"""

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from xuliu.balance.operations import store_readings
from xuliu.carrier.contract import NoAnswer, NotSent, Outcome, Proof, Reading
from xuliu.catalog.models import Offering
from xuliu.common import clock, stops
from xuliu.common.chunks import CHUNK, apply_halving, in_chunks
from xuliu.common.state import move
from xuliu.common.trail import log_rows
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.claims import lease_due
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.delivered_since import delivered_since
from xuliu.ordering.delivering.evidence import Promise, by_readings, is_news, is_proven, on_top, shows_less
from xuliu.ordering.delivering.outcomes import Delivery, complete, land
from xuliu.ordering.delivering.reasons import LineCase, LineReason
from xuliu.ordering.delivering.surplus import surplus_of
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import backoff
from xuliu.ordering.set_aside import set_line_aside
from xuliu.ticket.operations import NewCase, open_cases

log = logging.getLogger(__name__)
State = OrderLine.State
LOOK_FIRST = timedelta(seconds=2)
LOOK_LONGEST = timedelta(minutes=15)
LOOK_AT_DISPUTED = timedelta(days=1)
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reread:
    """A line with a fresh reading of its SIM, and its proof of delivery, "" if none."""

    line: ActiveLine
    after: Reading
    proof: str


def verify(account_id: int, limit: int = CHUNK) -> int:
    """Read due SIMs again and complete the lines that this proves; returns how many lines were due."""
    client = CarrierClient.of(account_id)
    due = lease_due(
        account_id=account_id,
        states=[State.VERIFYING, State.DISPUTED],
        limit=min(limit, client.lines_a_claim),
        lease=LEASE,
        stop="verify.claim",
    )
    for batch in in_chunks(due, max(50, client.capabilities.read_batch_size)):
        apply_halving(
            batch,
            lambda part: _look(client, part),
            set_aside=lambda line, error: set_line_aside(line.id, "verify", error),
        )
    return len(due)


def _look(client: CarrierClient, lines: Sequence[ActiveLine]) -> None:
    try:
        readings = client.read(lines, stop="verify.read")
        read = list(zip(lines, readings, strict=True))
        delivered = _asked(client, [line for line, after in read if after is not None and _asks(client, line, after)])
    except (NotSent, NoAnswer):
        _look_later(client, lines)
        return
    unproven = conclude(client, [(line, after) for line, after in read if after is not None], delivered)
    _look_later(client, unproven + [line for line, after in read if after is None])


def conclude(
    client: CarrierClient, read: Sequence[tuple[ActiveLine, Reading]], delivered: Container[int] = ()
) -> list[ActiveLine]:
    """Complete the lines that a fresh reading proves, or that are known to be delivered; returns the others."""
    promises = _promises([line for line, _ in read])
    looked = [Reread(line, after, _proof(line, promises[line.id], after, delivered)) for line, after in read]
    proven = [one for one in looked if one.proof]
    if proven:
        surplus = surplus_of(client, [(one.line, one.after) for one in proven])
        with stops.transaction("verify.complete"):
            moved = complete([_delivery(one) for one in proven], only_from=[State.VERIFYING, State.DISPUTED])
            store_readings({one.line.sim_id: one.after for one in proven})
            open_cases([case for case in surplus if case.subject_id in moved])
        log_rows(log, "delivery proven", [one.line for one in proven])
    return [one.line for one in looked if not one.proof]


def _asks(client: CarrierClient, line: ActiveLine, after: Reading) -> bool:
    """Whether the carrier's order query must confirm it: because the offering says so, or because the byte counts
    differ.

    The query does not outweigh readings of the same count that denied delivery until the time was over.
    """
    if line.proof == Proof.ORDER_QUERY:
        return True
    can_say = client.capabilities.has_order_query and bool(line.carrier_number)
    if line.proof != Proof.GRANTED_TOTAL or not can_say or line.base is None:
        return False
    base, began = line.base, after.counted_from
    if base.granted_bytes is not None and base.counted_from == began:
        return False
    return line.state != State.DISPUTED or began is None or clock.civil_date(line.state_at, line.zone) >= began


def _asked(client: CarrierClient, lines: Sequence[ActiveLine]) -> set[int]:
    """The lines that the carrier's order query reports as delivered."""
    if not lines:
        return set()
    answers = client.find(lines, stop="verify.find")
    return {
        line.id
        for line, answer in zip(lines, answers, strict=True)
        if answer.outcome is Outcome.DONE and answer.seen is None
    }


def _promises(lines: Sequence[ActiveLine]) -> dict[int, Promise | None]:
    """What must have changed. After a disputed line others have been sent, whose deliveries do not prove it. Without a
    carrier's number there is no order to query: then readings must show all of it."""
    promises: dict[int, Promise | None] = {
        line.id: line.promise if line.carrier_number else by_readings(line.promise) for line in lines
    }
    disputed = [line for line in lines if line.state == State.DISPUTED]
    befores = {line.id: line.base for line in disputed}
    for line_id, others in delivered_since(disputed).items() if disputed else ():
        own, before = promises[line_id], befores[line_id]
        promises[line_id] = None if not (own and before) or others is None else on_top(own, others, before)
    return promises


def _proof(line: ActiveLine, promise: Promise | None, after: Reading, delivered: Container[int]) -> str:
    base = line.base
    if promise is not None and base is not None and is_proven(promise, base, after):
        may_be_old = line.stands_in_json is not None and promise.proof is Proof.PERIOD_END
        return "" if may_be_old and not is_news(after, line.known_end_on) else promise.proof
    return Proof.ORDER_QUERY if line.id in delivered else ""


def _delivery(looked: Reread) -> Delivery:
    """The delivery. A reading that did not prove the line does not give its period, and is kept only if it shows no
    less."""
    line, after = looked.line, looked.after
    is_shown = looked.proof != Proof.ORDER_QUERY or _shows(line, after)
    is_renewal = line.kind == Offering.Kind.RENEWAL
    ends_on = after.period_end_on if is_renewal and is_shown and after.period_end_on else line.ends_on
    proven = line.proven
    return Delivery(
        line_id=line.id,
        attempt=line.attempt,
        starts_on=min(line.starts_on, ends_on),
        ends_on=ends_on,
        size_bytes=line.size_bytes,
        proof=looked.proof,
        after=after,
        is_known_by=not after.refused and (is_shown or proven is None or not shows_less(after, proven, line.zone)),
    )


def _shows(line: ActiveLine, after: Reading) -> bool:
    return line.base is not None and is_proven(by_readings(line.promise), line.base, after)


def _look_later(client: CarrierClient, lines: Sequence[ActiveLine]) -> None:
    """Look again at growing intervals; lines out of time become disputed."""
    if not lines:
        return
    late = [line.id for line in lines if clock.now() >= line.state_at + client.capabilities.verify_within]
    with stops.transaction("verify.later"):
        disputed = move(
            OrderLine,
            late,
            to=State.DISPUTED,
            only_from=[State.VERIFYING],
            why=LineReason.NOT_PROVEN_IN_TIME,
            also={"due_at": clock.now() + LOOK_AT_DISPUTED},
        )
        _set_due([line for line in lines if line.id not in set(disputed)])
        land(disputed)
        open_cases([_case(line) for line in lines if line.id in set(disputed)])
    unproven = [line for line in lines if line.id in set(disputed)]
    log_rows(log, "delivery not proven in time", unproven, level=logging.WARNING)


def _set_due(lines: Sequence[ActiveLine]) -> None:
    sql = """
        UPDATE ordering_orderline l
        SET due_at = CASE WHEN l.state = 'DISPUTED' THEN %s ELSE u.due_at END
        FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(id, due_at)
        WHERE l.id = u.id AND l.state IN ('VERIFYING', 'DISPUTED')"""
    at = clock.now()
    waits = [backoff(line.tries, first=LOOK_FIRST, longest=LOOK_LONGEST) for line in lines]
    with connection.cursor() as cursor:
        cursor.execute(sql, (at + LOOK_AT_DISPUTED, [line.id for line in lines], [at + wait for wait in waits]))


def _case(line: ActiveLine) -> NewCase:
    facts = {"attempt": line.attempt, "sent_at": line.sent_at, "carrier_number": line.carrier_number}
    return NewCase(kind=LineCase.DISPUTED, subject_kind="orderline", subject_id=line.id, facts=facts)
