"""What a carrier connector is: the words it shares with the core. No Django, no models.

A connector is one file in `connectors/`: a class `Connector` that fulfils the protocol below. It is given a
`Session`, talks the carrier's protocol and returns data; it keeps nothing. The core records the call before it is
made, holds the flight, the attempt and the due time, and decides what an answer means for money.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from xuliu.carrier.access import AccountRefused, access
from xuliu.carrier.figures import in_bytes, lasts, luhn_digit, without_numbers
from xuliu.carrier.notes import Note
from xuliu.common import bounds
from xuliu.common.bounds import first_day_not_served, moment, moment_in
from xuliu.common.clock import civil_date
from xuliu.common.configuration import setting
from xuliu.common.findings import Finding, TryResult
from xuliu.common.outbound import NoAnswer, NotSent, Response

__all__ = [
    "AccountRefused", "Finding", "NoAnswer", "NotSent", "Note", "Response", "TryResult", "access", "civil_date",
    "first_day_not_served", "in_bytes", "lasts", "luhn_digit", "moment", "moment_in", "setting", "without_numbers",
]  # fmt: skip

Seconds = float | None
SILENT_IN_A_ROW = 2


class Outcome(StrEnum):
    """What an answer says about a change we asked for."""

    DONE = "done"  # the carrier says that it has happened
    ACCEPTED = "accepted"  # it will happen; ask again by number
    REJECTED = "rejected"  # the carrier states that it did not and will not happen
    NOT_SENT = "not_sent"  # the carrier certainly did nothing; may be sent again later
    UNKNOWN = "unknown"  # no usable answer: it may have happened
    NOT_FOUND = "not_found"  # only to `find`: the carrier knows of no such change


class Reason(StrEnum):
    """Whose trouble a refusal is."""

    SIM = "sim"  # this SIM cannot have it (terminated, unknown, owing)
    PLAN = "plan"  # this plan cannot be had (not orderable, not with this SIM)
    ACCOUNT = "account"  # our balance or credentials: pauses the account, refunds nobody
    TEMPORARY = "temporary"  # this change later: it reached the carrier, which did not take it on
    AWAY = "away"  # nothing reached it: no connection, our own limits, too many calls, no token, maintenance


class Action(StrEnum):
    """What a connector can be asked to change."""

    RENEW = "renew"  # a new period
    ADD_ON = "add_on"  # bytes within the period


class Proof(StrEnum):
    """The predicate over the readings before and after that shows that a change took effect."""

    PERIOD_END = "period_end"  # period end >= before + term
    GRANTED_TOTAL = "granted_total"  # granted total (never what remains) >= before + bytes
    PLAN_LISTED = "plan_listed"  # the plan stands in the list with its start
    ORDER_QUERY = "order_query"  # the carrier's order query says delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class SimKey:
    """How a carrier may know a SIM. `iccid` is always given, upper case without spaces."""

    iccid: str
    msisdn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MsisdnForm:
    """How a carrier writes an MSISDN: as E.164 has it but for the +, or without the country code that is named."""

    country_code: str = ""  # left out by the carrier
    lengths: frozenset[int] = frozenset(range(7, 16))
    begins: str = ""  # the national number's first digit, which tells it from one with the country code

    def written(self, digits: str) -> str | None:
        """The number as the carrier writes it, given so or with the country code; None where it can be none of its."""
        given = (digits, digits.removeprefix(self.country_code))
        return next((one for one in given if len(one) in self.lengths and one.startswith(self.begins)), None)

    def whole(self, written: str) -> str:
        """With the country code: what is compared with the numbers of other carriers."""
        return f"{self.country_code}{written}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlan:
    """A plan as the carrier lists it for a SIM; `ends_on` is exclusive, civil date in the account's zone."""

    code: str
    starts_on: date | None = None
    ends_on: date | None = None
    number: str = ""  # the carrier's number of the order that brought it, where it says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the carrier says of one SIM at one instant. None means that the carrier does not say.

    Bytes are integers. `period_end_on` is exclusive (the first day not served). `granted_bytes` is the total granted
    since `counted_from`, which a top-up raises and usage does not touch. `iccid` is that of the SIM that was asked
    about, as we write it, unless the answer names another: then it is that one's, and the core takes it for no answer.
    """

    iccid: str
    as_of: datetime
    state: str = ""  # inventory's word: in_stock, active, suspended, terminated; "" where not said
    period_end_on: date | None = None
    granted_bytes: int | None = None
    used_bytes: int | None = None
    left_bytes: int | None = None
    counted_from: date | None = None  # where totals begin anew with a month or a period; None: never, in the SIM's life
    plans: tuple[ListedPlan, ...] = ()
    imei: str = ""
    blocked_why: str = ""  # owing, over-used, unregistered: blocks renewal until settled
    refused: str = ""  # the carrier does not know this SIM, or refuses to speak of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing to be changed at the carrier. `reference` is ours: <= 32 of [0-9a-z], the same for a repeat."""

    reference: str
    sim: SimKey
    action: Action
    plan_code: str
    months: int = 0
    days: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What became of a change whose answer we do not have, or whose result comes later.

    `number` is the carrier's own, where it gave one. `before` is the reading taken before it was sent;
    the change left between `sent_from` and `sent_to`.
    """

    change: Change
    number: str = ""
    before: Reading | None = None
    sent_from: datetime
    sent_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the carrier said of one change. `detail` is for people, in the carrier's words or a Note of ours: never
    secrets, never personal data."""

    reference: str
    outcome: Outcome
    reason: Reason | None = None  # with REJECTED and NOT_SENT
    number: str = ""  # the carrier's order number
    detail: str = ""
    retry_after_seconds: float | None = None  # with NOT_SENT
    seen: Reading | None = None  # with DONE: the reading that it rests on, where it rests on one

    @classmethod
    def kept_back(cls, change: Change, error: NotSent | NoAnswer) -> "Answer":
        """Nothing of the change left us: NOT_SENT. NoAnswer only where it was to a question that came first."""
        return cls(
            reference=change.reference,
            outcome=Outcome.NOT_SENT,
            reason=Reason.ACCOUNT if isinstance(error, AccountRefused) else Reason.AWAY,
            detail=without_numbers(str(error)),
            retry_after_seconds=getattr(error, "retry_after_seconds", None),
        )

    @classmethod
    def unsure(cls, change: Change, why: object, number: str = "") -> "Answer":
        """It may have happened: UNKNOWN."""
        return cls(reference=change.reference, outcome=Outcome.UNKNOWN, number=number, detail=without_numbers(str(why)))

    @classmethod
    def refused(
        cls,
        change: Change,
        reason: Reason | None,
        why: str,
        *,
        number: str = "",
        retry_after_seconds: float | None = None,
    ) -> "Answer":
        """Stated and not done: REJECTED where it is the SIM's or the plan's trouble, NOT_SENT where ours or passing.

        The same on every path, at once or told later. UNKNOWN without a reason: words that no table of ours knows.
        """
        if reason is None:
            return cls.unsure(change, why, number)
        is_final = reason in (Reason.SIM, Reason.PLAN)
        return cls(
            reference=change.reference,
            outcome=Outcome.REJECTED if is_final else Outcome.NOT_SENT,
            reason=reason,
            number=number,
            detail=without_numbers(why),
            retry_after_seconds=None if is_final else retry_after_seconds,
        )

    @classmethod
    def now(cls, question: Question, outcome: Outcome, detail: str, reason: Reason | None = None) -> "Answer":
        """What a carrier says of the change that it knows by the question's number."""
        reference, number = question.change.reference, question.number
        return cls(reference=reference, outcome=outcome, reason=reason, number=number, detail=detail)

    @classmethod
    def by_readings(cls, change: Change, before: "Reading | None", after: "Reading") -> "Answer":
        """DONE where more stands on the SIM than before it was sent, NOT_FOUND where as much, else UNKNOWN.

        For a carrier that takes no reference. Totals that began anew between the readings say nothing, nor does an
        answer that names another SIM.
        """
        if after.iccid != change.sim.iccid:
            return cls.unsure(change, Note.ANOTHER_SIM)
        is_more = _moved(change.action, before, after)
        if is_more is None:
            return cls.unsure(change, Note.READINGS_SILENT)
        if is_more:
            note = Note.MORE_THAN_BEFORE
            return cls(reference=change.reference, outcome=Outcome.DONE, detail=note, seen=after)
        return cls(reference=change.reference, outcome=Outcome.NOT_FOUND, detail=Note.AS_BEFORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this carrier can do and how it wants to be treated."""

    actions: frozenset[Action]
    proofs: frozenset[Proof]
    batch_size: int = 1  # changes in one call
    read_batch_size: int = 1  # SIMs in one reading
    calls_per_read: int = 1  # what one reading costs of the budget
    calls_per_second: float = 5.0
    parallel: int = 4  # calls under way at once for one account; 1 = serial
    zone: str = "Asia/Shanghai"  # of its billing days, which a new account proposes
    takes_reference: bool = True  # False: the same change sent twice acts twice
    has_results_later: bool = False
    has_order_query: bool = False
    tops_up_by_itself: bool = False  # may add bytes by an order of its own when little is left
    deadline_seconds: float = 10.0
    msisdn: MsisdnForm = MsisdnForm()
    settles_within: timedelta = timedelta(minutes=15)  # after that a NOT_FOUND proves that nothing happened
    verify_within: timedelta = timedelta(hours=1)  # after that an unproven line is DISPUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and when it stops working."""

    value: str
    expires_at: datetime


class Session(Protocol):
    """What the core lends a connector for one account. Safe to use from several threads."""

    def now(self) -> datetime:
        """The business clock (aware, UTC)."""
        ...

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange, after waiting for the account's rate budget, under one deadline, logged redacted.

        Values of `headers` are never logged; of `params`, `json`, `form` those whose names are secret are masked
        (`xuliu.common.redact`). Raises NotSent or NoAnswer.
        """
        ...

    def token(self, fetch: Callable[[], Token], *, stale: str = "") -> str:
        """The account's one token across processes: kept until it expires, fetched under a lock.

        `stale` names a token that the carrier has just refused: it is replaced unless somebody already did.
        Raises NotSent when the fetch could not be made or was refused.
        """
        ...


class Connector(Protocol):
    """One carrier platform. Made with its Config; holds no state besides."""

    code: ClassVar[str]
    name: ClassVar[Mapping[str, str]]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[Any]]

    def __init__(self, config: Any) -> None: ...

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """Every ICCID by which this carrier means that one card, its own first; pure. Mostly the one that is given."""
        ...

    def read(self, session: Session, sims: Sequence[SimKey]) -> Sequence[Reading | None]:
        """Ask the carrier about SIMs, in the order given; those it does not know come back with `refused`, and as None
        those of which it said nothing usable: one odd answer must not hold up the others.

        Where an answer names the SIM it is about, that is compared: one of another SIM's comes back with the other's
        ICCID and nothing else. Raises NotSent or NoAnswer when nothing can be said about any of them.
        """
        ...

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """Ask for at most `batch_size` changes in one call; one answer each, in the order given. Never raises
        for what the carrier or the network did."""
        ...

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """What became of changes sent earlier; one answer each, in the order given, UNKNOWN where unsure."""
        ...

    def examine(self, session: Session) -> list[Finding]:
        """Whether the account would work, by questions that change nothing and ask for no kept token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConfig:
    """What every carrier account has; a connector's Config adds its own fields."""

    base_url: str = field(metadata=setting(zh_hans="接口地址", en="Base address", is_url=True))


def heard(response: Response) -> Response:
    """The response, where it is an answer. Raises NotSent for 429, NoAnswer for a redirect or a server's error."""
    if response.status == 429:
        raise NotSent(
            "429: too many calls", retry_after_seconds=bounds.wait_seconds(response.headers.get("retry-after"))
        )
    if 300 <= response.status < 400 or response.status >= 500:
        raise NoAnswer(f"HTTP {response.status}")
    return response


def no_answer(reason: Reason | None, why: str, *, retry_after_seconds: Seconds = None) -> NotSent | NoAnswer | None:
    """Why a question that was refused for that reason has no answer; None where the refusal answers it, which is then
    about the SIM or the plan. The same reasons as a change's."""
    if reason is Reason.ACCOUNT:
        return AccountRefused(why)
    if reason in (Reason.TEMPORARY, Reason.AWAY):
        return NotSent(why, retry_after_seconds=retry_after_seconds)
    return NoAnswer(why) if reason is None else None


def one_by_one(sims: Sequence[SimKey], read: Callable[[SimKey], Reading]) -> list[Reading | None]:
    """Readings asked for a SIM at a time: where one gets no usable answer, those of the others are used all the same.

    Raises what came last where none got any, and at once what is said of our account. After two in a row without an
    answer the rest is not asked about: it would cost a deadline each.
    """
    said: list[Reading | None] = []
    failures: list[NotSent | NoAnswer] = []
    for sim in sims:
        reading = None
        if len(failures) < SILENT_IN_A_ROW:
            try:
                reading, failures = read(sim), []
            except AccountRefused:
                raise
            except (NotSent, NoAnswer) as error:
                failures.append(error)
        said.append(reading)
    if failures and not any(said):
        raise failures[-1]
    return said


def _moved(action: Action, before: Reading | None, after: Reading) -> bool | None:
    if before is None:
        return None
    if action is Action.RENEW:
        old, new = before.period_end_on, after.period_end_on
        return None if old is None or new is None or new < old else new > old
    had, has = before.granted_bytes, after.granted_bytes
    is_one_count = before.counted_from == after.counted_from
    return has > had if is_one_count and had is not None and has is not None and has >= had else None
