"""Checks what connectors return, whoever wrote the connector. Pure functions, no Django.

`common.bounds` says what a carrier's figures may be. This applies it to every field that the core stores, compares or
asks about again; anything that is not a reading or an answer to the question is dropped.
"""

from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter, is_
from typing import Any

from xuliu.carrier.contract import Answer, Change, ListedPlan, Outcome, Reading, Reason, SimKey
from xuliu.common.bounds import MOST_BYTES, day, moment, name, wait_seconds, whole, words

MOST_PLANS = 500
WORDS, DETAIL, NUMBER, CODE = 200, 1000, 64, 80
_FIELDS = tuple(field.name for field in fields(Reading))
_values = attrgetter(*_FIELDS)


def bounded_reading(sim: SimKey, said: object, *, now: datetime) -> Reading | None:
    """The connector's reading of that SIM; None if it is not a usable one. Most readings are within bounds and returned
    unchanged."""
    if not isinstance(said, Reading) or said.iccid != sim.iccid:
        return None
    plans = _plans(said.plans)
    if plans is None:
        return None
    as_of = moment(said.as_of)
    within: tuple[Any, ...] = (  # in field order
        said.iccid,
        as_of if as_of is not None and as_of <= now else now,
        words(said.state, most=40),
        day(said.period_end_on),
        whole(said.granted_bytes, most=MOST_BYTES),
        whole(said.used_bytes, most=MOST_BYTES),
        whole(said.left_bytes, most=MOST_BYTES),
        day(said.counted_from),
        plans,
        name(said.imei, most=16),
        _said(said.blocked_why, "blocked"),
        _said(said.refused, "refused"),
    )
    return said if all(map(is_, within, _values(said))) else Reading(**dict(zip(_FIELDS, within, strict=True)))


def bounded_answer(change: Change, said: object, *, now: datetime) -> Answer:
    """The connector's answer about that change; UNKNOWN if it is not one."""
    if not isinstance(said, Answer) or said.reference != change.reference or not isinstance(said.outcome, Outcome):
        return Answer.unsure(change, "the connector gave no answer for it")
    reason = None if said.reason is None else next((reason for reason in Reason if reason == said.reason), None)
    return Answer(
        reference=change.reference,
        outcome=_outcome(said.outcome, reason),
        reason=reason,
        number=name(said.number, most=NUMBER),
        detail=words(said.detail, most=DETAIL),
        retry_after_seconds=wait_seconds(said.retry_after_seconds),
        seen=bounded_reading(change.sim, said.seen, now=now),
    )


def _outcome(outcome: Outcome, reason: Reason | None) -> Outcome:
    """A refusal because of our account refunds nobody, whatever the connector calls it. A refusal without a reason
    keeps the connector's outcome."""
    return Outcome.NOT_SENT if outcome is Outcome.REJECTED and reason is Reason.ACCOUNT else outcome


def _plans(said: object) -> tuple[ListedPlan, ...] | None:
    """None unless it is a whole list: from a partial one, a plan omitted before would look new."""
    if not isinstance(said, tuple) or len(said) > MOST_PLANS or not all(isinstance(plan, ListedPlan) for plan in said):
        return None
    return said and tuple(
        replace(
            plan,
            code=name(plan.code, most=CODE),
            starts_on=day(plan.starts_on),
            ends_on=day(plan.ends_on),
            number=name(plan.number, most=NUMBER),
        )
        for plan in said
    )


def _said(text: object, otherwise: str) -> str:
    """A text whose presence means something: never emptied by cutting."""
    return words(text, most=WORDS) or otherwise if text else ""
