"""What a carrier connector is: the words it shares with the core. No Django, no models.

A connector is one folder in `connectors/`, with a class `Connector` that fulfils the protocol below. It is given a
`Session`, speaks the carrier's protocol and returns data; it keeps nothing. The core records the call before it is
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
    """What became of a change that we asked for."""

    DONE = "done"  # the carrier says that it has happened
    ACCEPTED = "accepted"  # it will happen; ask again by number
    REJECTED = "rejected"  # the carrier states that it did not and will not happen
    NOT_SENT = "not_sent"  # the carrier certainly did nothing; may be sent again later
    UNKNOWN = "unknown"  # no usable answer: it may have happened
    NOT_FOUND = "not_found"  # only from `find`: the carrier knows of no such change


class Reason(StrEnum):
    """Whose trouble a refusal is."""

    SIM = "sim"  # this SIM cannot have it (terminated, unknown, owing)
    PLAN = "plan"  # this plan cannot be had (not orderable, not with this SIM)
    ACCOUNT = "account"  # our balance or credentials: pauses the account, refunds nobody
    TEMPORARY = "temporary"  # this change, for now: it reached the carrier, which did not accept it
    AWAY = "away"  # nothing reached it: no connection, our own limits, too many calls, no token, maintenance


class Action(StrEnum):
    """What a connector can be asked to change."""

    RENEW = "renew"  # a new period
    ADD_ON = "add_on"  # bytes within the period


class Proof(StrEnum):
    """The predicate over the readings before and after that proves that a change took effect."""

    PERIOD_END = "period_end"  # period end >= before + term
    GRANTED_TOTAL = "granted_total"  # granted total (never what remains) >= before + bytes
    PLAN_LISTED = "plan_listed"  # the plan is listed with its start
    ORDER_QUERY = "order_query"  # the carrier's order query says delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class SimKey:
    """The numbers by which a carrier may know a SIM. `iccid` is always given, upper case without spaces."""

    iccid: str
    msisdn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MsisdnForm:
    """How a carrier writes an MSISDN: as E.164 without the +, or without the given country code."""

    country_code: str = ""  # the one the carrier omits
    lengths: frozenset[int] = frozenset(range(7, 16))
    begins: str = ""  # the national number's first digit, which tells it from one with the country code

    def written(self, digits: str) -> str | None:
        """The number as the carrier writes it, from either form; None if it cannot be one of the carrier's."""
        given = (digits, digits.removeprefix(self.country_code))
        return next((one for one in given if len(one) in self.lengths and one.startswith(self.begins)), None)

    def whole(self, written: str) -> str:
        """The number with its country code, for comparing carriers' numbers."""
        return f"{self.country_code}{written}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlan:
    """A plan as the carrier lists it for a SIM; `ends_on` is exclusive, civil date in the account's zone."""

    code: str
    starts_on: date | None = None
    ends_on: date | None = None
    number: str = ""  # the carrier's number of the order behind it, if it says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The carrier's figures for one SIM at one instant. None means that the carrier gives no figure.

    Bytes are integers. `period_end_on` is exclusive (the first day not served). `granted_bytes` is the total granted
    since `counted_from`, which a top-up raises and usage does not touch. `iccid` is that of the requested SIM,
    as we write it, unless the answer names another one: then it is that one's, and the core rejects the answer.
    """

    iccid: str
    as_of: datetime
    state: str = ""  # inventory's word: in_stock, active, suspended, terminated; "" where not said
    period_end_on: date | None = None
    granted_bytes: int | None = None
    used_bytes: int | None = None
    left_bytes: int | None = None
    counted_from: date | None = None  # when totals last restarted, with a month or a period; None: they never do
    plans: tuple[ListedPlan, ...] = ()
    imei: str = ""
    blocked_why: str = ""  # owing, over-used, unregistered: blocks renewal until settled
    refused: str = ""  # why the carrier says nothing: it does not know this SIM, or refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change to make at the carrier. `reference` is ours: <= 32 of [0-9a-z], the same for a repeat."""

    reference: str
    sim: SimKey
    action: Action
    plan_code: str
    months: int = 0
    days: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a change whose answer is missing or whose result comes later.

    `number` is the carrier's own, if it gave one. `before` is the reading taken before it was sent;
    the change left between `sent_from` and `sent_to`.
    """

    change: Change
    number: str = ""
    before: Reading | None = None
    sent_from: datetime
    sent_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The carrier's answer about one change. `detail` is for people, in the carrier's words or a Note of ours: never
    secrets, never personal data."""

    reference: str
    outcome: Outcome
    reason: Reason | None = None  # with REJECTED and NOT_SENT
    number: str = ""  # the carrier's order number
    detail: str = ""
    retry_after_seconds: float | None = None  # with NOT_SENT
    seen: Reading | None = None  # with DONE: the reading it rests on, if any

    @classmethod
    def kept_back(cls, change: Change, error: NotSent | NoAnswer) -> "Answer":
        """NOT_SENT: nothing of the change left us. A NoAnswer may only be that of a preceding question."""
        return cls(
            reference=change.reference,
            outcome=Outcome.NOT_SENT,
            reason=Reason.ACCOUNT if isinstance(error, AccountRefused) else Reason.AWAY,
            detail=without_numbers(str(error)),
            retry_after_seconds=getattr(error, "retry_after_seconds", None),
        )

    @classmethod
    def unsure(cls, change: Change, why: object, number: str = "") -> "Answer":
        """UNKNOWN: it may have happened."""
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
        """A stated refusal: REJECTED if because of the SIM or the plan, NOT_SENT if because of us or temporary.

        The same on every path, at once or later. UNKNOWN without a reason: no table of ours knows the words.
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
        """What the carrier says about the change with the question's number."""
        reference, number = question.change.reference, question.number
        return cls(reference=reference, outcome=outcome, reason=reason, number=number, detail=detail)

    @classmethod
    def by_readings(cls, change: Change, before: "Reading | None", after: "Reading") -> "Answer":
        """DONE if the SIM has more than before the sending, NOT_FOUND if as much, else UNKNOWN.

        For a carrier that takes no reference. Totals that restarted between the readings prove nothing, nor does
        an answer that names another SIM.
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
    calls_per_read: int = 1  # calls that one reading costs
    calls_per_second: float = 5.0
    parallel: int = 4  # calls under way at once for one account; 1 = serial
    zone: str = "Asia/Shanghai"  # of its billing days; the default for new accounts
    takes_reference: bool = True  # False: the same change sent twice acts twice
    has_results_later: bool = False
    has_order_query: bool = False
    tops_up_by_itself: bool = False  # may add bytes by an order of its own when little is left
    deadline_seconds: float = 10.0
    msisdn: MsisdnForm = MsisdnForm()
    settles_within: timedelta = timedelta(minutes=15)  # after this a NOT_FOUND proves that nothing happened
    verify_within: timedelta = timedelta(hours=1)  # after this an unproven line is DISPUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and when it stops working."""

    value: str
    expires_at: datetime


class Session(Protocol):
    """What a connector works with for one account. Safe to use from several threads."""

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
        """One exchange under one deadline, after waiting for the account's rate budget; logged redacted.

        Values of `headers` are never logged; of `params`, `json`, `form` those whose names are secret are masked
        (`xuliu.common.redact`). Raises NotSent or NoAnswer.
        """
        ...

    def token(self, fetch: Callable[[], Token], *, stale: str = "") -> str:
        """The account's one token across processes: kept until it expires, fetched under a lock.

        `stale` names a token that the carrier has just refused: it is replaced unless somebody already did.
        Raises NotSent if the fetch failed or was refused.
        """
        ...


class Connector(Protocol):
    """One carrier platform. Made with its Config; has no other state."""

    code: ClassVar[str]
    name: ClassVar[Mapping[str, str]]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[Any]]

    def __init__(self, config: Any) -> None: ...

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """Every ICCID that means this card to the carrier, the carrier's own first; pure. Mostly just the given one."""
        ...

    def read(self, session: Session, sims: Sequence[SimKey]) -> Sequence[Reading | None]:
        """Read SIMs, in the order given. Those the carrier does not know have `refused`; those without a usable answer
        are None: one odd answer must not hold up the others.

        If an answer names its SIM, the name is compared: an answer for another SIM returns that one's ICCID and nothing
        else. Raises NotSent or NoAnswer if there is no usable answer for any of them.
        """
        ...

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """Ask for at most `batch_size` changes in one call; one answer each, in the order given. Never raises because
        of the carrier or the network."""
        ...

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """Find out what became of earlier changes; one answer each, in the order given, UNKNOWN if unsure."""
        ...

    def examine(self, session: Session) -> list[Finding]:
        """Try the account with calls that change nothing and use no stored token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConfig:
    """What every carrier account has; a connector's Config adds its own fields."""

    base_url: str = field(metadata=setting(zh_hans="接口地址", en="Base address", is_url=True))


def usable(response: Response) -> Response:
    """The response, if it is an answer. Raises NotSent for 429, NoAnswer for a redirect or a server's error."""
    if response.status == 429:
        raise NotSent(
            "429: too many calls", retry_after_seconds=bounds.wait_seconds(response.headers.get("retry-after"))
        )
    if 300 <= response.status < 400 or response.status >= 500:
        raise NoAnswer(f"HTTP {response.status}")
    return response


def no_answer(reason: Reason | None, why: str, *, retry_after_seconds: Seconds = None) -> NotSent | NoAnswer | None:
    """Why a question refused for that reason has no answer; None if the refusal itself is the answer, about the SIM or
    the plan. The same reasons as a change's."""
    if reason is Reason.ACCOUNT:
        return AccountRefused(why)
    if reason in (Reason.TEMPORARY, Reason.AWAY):
        return NotSent(why, retry_after_seconds=retry_after_seconds)
    return NoAnswer(why) if reason is None else None


def one_by_one(sims: Sequence[SimKey], read: Callable[[SimKey], Reading]) -> list[Reading | None]:
    """Read one SIM at a time, so that one unusable answer does not spoil the others.

    Raises the last error if none got an answer, and at once an error about our account. After two in a row without an
    answer the rest is skipped: each would cost a deadline.
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
