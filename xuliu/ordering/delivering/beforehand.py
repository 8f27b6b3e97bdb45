"""Beforehand: whether a line may be sent, given the reading taken for it. Pure functions.

A delivery is proven by what changed since this reading. A reading that shows too little (an outdated copy, an answer
that omits something) would make an older delivery look like proof of this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from xuliu.carrier.contract import Proof, Reading
from xuliu.ordering.delivering.evidence import Promise, by_readings, filled, is_proven, on_top, shows_less
from xuliu.ordering.delivering.reasons import Short

AGREE_AFTER = timedelta(minutes=1)  # two silent readings this far apart are independent
SHOWN = {Short.END: Short.SHOWN_END, Short.BYTES: Short.SHOWN_BYTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSim:
    """What is known of a SIM when a reading is judged.

    `proven`: the latest reading that proved a line; `end_on`: our stored end, imported or accepted; `looked`: the
    reading of a look-up at most a day ago. Nobody has checked that one; but ends and bytes of one count do not shrink
    within a day, so the lesser of two such readings is the older copy. `earlier`: the reading of the line's previous
    attempt; `is_let_through`: two people decided to send on it.
    """

    proven: Reading | None = None
    end_on: date | None = None
    looked: Reading | None = None
    earlier: Reading | None = None
    is_let_through: bool = False
    has_order_query: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The judgement on a reading: what it is `short` of; if None, what stands in where it is silent.

    Our stored end is kept too if the carrier gives an earlier one: seeing our end next is then no news.
    """

    short: Short | None = None
    stands_in: Reading | None = None


def judge(promise: Promise, before: Reading, known: KnownSim) -> Judgement:
    """Whether the line may be sent on this reading."""
    least = known.earlier if known.is_let_through else known.proven
    if least is not None and (less := shows_less(before, least, promise.zone)):
        return Judgement(short=less)
    stands_in = _stands_in(before, [least] if known.is_let_through else [least, known.looked], known.end_on)
    if known.is_let_through:  # an end that two people accept as true is compared with nothing later
        is_said = stands_in is None or filled(before, stands_in) == before
        end_on = stands_in.period_end_on if stands_in and before.period_end_on is None else None
        return Judgement(stands_in=None if is_said or stands_in is None else replace(stands_in, period_end_on=end_on))
    if known.looked is not None and (less := shows_less(before, known.looked, promise.zone)):
        return Judgement(short=SHOWN.get(less, less))
    short = _unsaid(promise, filled(before, stands_in), known)
    if short is None or _agrees(short, before, known.earlier):
        return Judgement(stands_in=stands_in)
    return Judgement(short=short)


def was_done(promise: Promise, others: list[Promise], first: Reading, before: Reading) -> bool:
    """Whether the reading before another sending shows that the first sending worked; `first` is the reading before
    that."""
    return is_proven(on_top(by_readings(promise), others, first), first, before)


def _stands_in(before: Reading, known: Sequence[Reading | None], end_on: date | None) -> Reading | None:
    """What stands in for a silent reading: the latest end that we know, and the most bytes and plans given in this
    count. None, as mostly, if the reading shows no less than all of that."""
    latest, plans = end_on, before.plans
    for one in known:
        if one is None:
            continue
        plans = plans or one.plans
        if latest is None or (one.period_end_on is not None and one.period_end_on > latest):
            latest = one.period_end_on
    is_later = before.period_end_on is not None and latest is not None and latest > before.period_end_on
    says_all = before.period_end_on is not None and before.granted_bytes is not None and not is_later
    if says_all and plans == before.plans:
        return None
    said = [reading for reading in known if reading is not None]
    of_this_count = [reading.granted_bytes for reading in said if reading.counted_from == before.counted_from]
    stands_in = Reading(
        iccid=before.iccid,
        as_of=before.as_of,
        period_end_on=latest,
        granted_bytes=max((one for one in of_this_count if one is not None), default=None),
        counted_from=before.counted_from,
        plans=plans,
    )
    return stands_in if is_later or filled(before, stands_in) is not before else None


def _unsaid(promise: Promise, before: Reading, known: KnownSim) -> Short | None:
    """What the proof needs and no reading gives."""
    if promise.proof is Proof.PERIOD_END and before.period_end_on is None:
        return Short.NO_END
    if promise.proof is Proof.GRANTED_TOTAL and before.granted_bytes is None and not known.has_order_query:
        return Short.NO_BYTES
    if promise.proof is Proof.PLAN_LISTED and not before.plans:
        return Short.NO_PLANS
    return None


def _agrees(short: Short, before: Reading, earlier: Reading | None) -> bool:
    """Whether the previous reading, at least a minute older, was as silent. For bytes that is not enough: a carrier
    that omits them keeps omitting them, and then gives all of them at once."""
    if short is Short.NO_BYTES or earlier is None or before.as_of - earlier.as_of < AGREE_AFTER:
        return False
    return earlier.period_end_on is None if short is Short.NO_END else not earlier.plans
