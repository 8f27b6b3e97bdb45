"""China Mobile IoT, OneLink capability platform, enterprise interface ("EC v5").

Names, paths, parameters and codes after two public clients, the vendor giving its text to customers only:
IoTCard/IoTOS (iotos-common-syn-api/…/chinaMobile/oneLink/ecV5/{EcV5Api,InquireEcV5,ChangeEcV5}.java) and
dmlvhh/mobile_sdk (api.go, request.go, response.go). What they agree on:

- Every call carries `transid` (appid + yyyyMMddHHmmss + 8 digits of the caller's) and `token` (of get/token, kept for
  30 minutes; status 12021 = expired: fetch another and repeat).
- An answer is HTTP 200 with `{"status", "message", "result": […]}`, values as strings, "0" meaning done or taken on.
- Changes are asynchronous: a single one answers `orderNum` (query/order-info, 23M27), one for up to 100 cards `jobId`
  (query/sim-batch-result, 23M10). A card changed minutes ago (3, 10 or 30) is refused, and its whole batch with it:
  no job was made, we take it, and send the batch in halves at once.

Neither shows a transid to be recognised when it comes again, and its 8 digits cannot hold our reference: this carrier
takes none. A change's digits are made from our reference all the same, so that the vendor's log can be searched.
RENEW and ADD_ON are both ordered as a package (order/gprspackage-order 23R08, …/batch 23R09). A plan code is the
package's code, `packageType`, or `maincommoDity:packageType` where the main product is not 0 (a person's IoT card).
A number (msisdn) has 13 digits, of older cards 11, and no country code. Volumes are KB of 1,024 bytes. The period ends
with the last plan that is not an add-on.
"""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from xuliu.carrier.connectors.onelink import codes

from xuliu.carrier.contract import (  # isort: skip  # a name a line would be a page of them
    AccountRefused, Action, Answer, BaseConfig, Capabilities, Change, Finding, ListedPlan, MsisdnForm,
    NoAnswer, Note, NotSent, Outcome, Proof, Question, Reading, Reason, Response, Session, SimKey, Token, access,
    civil_date, first_day_not_served, usable, in_bytes, lasts, moment, no_answer, one_by_one, setting, without_numbers,
)  # fmt: skip

ZONE = "Asia/Shanghai"
MSISDN = MsisdnForm(country_code="86", lengths=frozenset({11, 13}), begins="1")
OK, NO_CARD = "0", "the carrier knows no such card"
BATCH = "batch:"  # stands before a jobId, to tell it from an orderNum


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLinkConfig(BaseConfig):
    """Credentials of one enterprise customer. The vendor's address is https://api.iot.10086.cn/v5/ec."""

    appid: str = field(metadata=setting(zh_hans="应用编码 (appid)", en="Application code (appid)"))
    password: str = field(repr=False, metadata=setting(zh_hans="接入密码", en="Access password", is_secret=True))


class Connector:
    """OneLink EC v5. Orders with a number, in bulk, without a reference."""

    code: ClassVar[str] = "onelink"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "中国移动 OneLink", "en": "China Mobile OneLink"}
    Config: ClassVar[type[Any]] = OneLinkConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.RENEW, Action.ADD_ON}),
        proofs=frozenset({Proof.PERIOD_END, Proof.GRANTED_TOTAL, Proof.ORDER_QUERY}),
        batch_size=100,
        calls_per_read=3,
        takes_reference=False,
        has_results_later=True,
        has_order_query=True,
        msisdn=MSISDN,
        settles_within=timedelta(minutes=30),
        verify_within=timedelta(hours=24),
    )

    def __init__(self, config: OneLinkConfig) -> None:
        self._config = config

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """The one that is printed on the card."""
        return (iccid,)

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading | None]:
        """State, plans with their dates, bytes of the running month: three questions a card."""
        talk = _Talk(self._config, session)
        numbers = talk.msisdns(sims)
        return one_by_one(sims, lambda sim: _reading(talk, sim, numbers.get(sim.iccid, "")))

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """One order per plan among the changes; those that could not be started within the deadline are kept back."""
        talk = _Talk(self._config, session)
        ends = time.monotonic() + self.capabilities.deadline_seconds
        try:
            numbers = talk.msisdns([change.sim for change in changes])
        except (NotSent, NoAnswer) as error:
            return [Answer.kept_back(change, error) for change in changes]
        answers = {change.reference: talk.unnumbered(change) for change in changes}
        known = [change for change in changes if change.sim.iccid in numbers]
        for plan in dict.fromkeys(change.plan_code for change in known):
            ordered = [change for change in known if change.plan_code == plan]
            answers |= {answer.reference: answer for answer in _ordered(talk, ordered, numbers, ends)}
        return [answers[change.reference] for change in changes]

    def examine(self, session: Session) -> list[Finding]:
        """Signing in checks address, code and password."""
        return [access(_Talk(self._config, session).sign_in)]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """By the carrier's number if there is one, else by the readings before and after."""
        talk = _Talk(self._config, session)
        return [_found(talk, question) for question in questions]


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer of the platform. `first` is the first entry of its result."""

    status: str
    message: str
    result: list[dict[str, Any]]

    @property
    def first(self) -> dict[str, Any]:
        return next(iter(self.result), {})

    def another(self, sim: SimKey, msisdn: str) -> str:
        """The other card that the answer names, by ICCID or number, if it is not about this one."""
        iccid, number = (str(self.first.get(name) or "").strip() for name in ("iccid", "msisdn"))
        if iccid.upper() not in ("", sim.iccid):
            return iccid
        return "" if (MSISDN.written(number) or number) in ("", msisdn) else number

    @property
    def sentence(self) -> str:
        return without_numbers(f"{self.status}: {self.message}")

    @property
    def reason(self) -> Reason | None:
        """What a refusal is about; None if it may not be one."""
        return next((reason for words, reason in codes.REFUSALS if re.search(words, self.message)), None)

    @property
    def wait_seconds(self) -> float:
        """How long a temporary refusal asks us to wait: the longest of the vendor's intervals if it names one."""
        return 1800.0 if "分钟" in self.message else 60.0

    def refused(self, change: Change, number: str = "") -> Answer:
        """What this refusal of a change means, on whatever path it came."""
        return Answer.refused(change, self.reason, self.sentence, number=number, retry_after_seconds=self.wait_seconds)

    @property
    def failure(self) -> NotSent | NoAnswer | None:
        """Why there is no answer for now; None for an answer or a lasting refusal."""
        reason = Reason.SIM if self.status == OK else self.reason
        return no_answer(reason, self.sentence, retry_after_seconds=self.wait_seconds)


class _Talk:
    """Calls to the platform for one account."""

    def __init__(self, config: OneLinkConfig, session: Session) -> None:
        self.session = session
        self._config = config
        self.silent: dict[str, NotSent | NoAnswer] = {}  # why a card that may be theirs has no known number
        self._jobs: dict[str, dict[str, Any]] = {}

    def ask(self, operation: str, path: str, fields: Mapping[str, str], *, reference: str = "") -> _Said:
        """One question or, with a reference, one order. A refused stale token means that nothing was done: repeat once.

        Raises NotSent, NoAnswer (also for a body that is not the platform's).
        """
        token = ""
        for _ in range(2):
            token = self.session.token(self.sign_in, stale=token)
            response = self.session.call(
                operation=operation,
                method="POST",
                url=self._url(path),
                json={"transid": self._transid(reference), "token": token, **fields},
                reference=reference,
                is_change=bool(reference),
            )
            said = _said(response)
            if said.status != codes.STALE:
                return said
        raise NotSent("a fresh token was refused", retry_after_seconds=60)

    def query(self, operation: str, path: str, fields: Mapping[str, str]) -> _Said:
        """A question's answer or lasting refusal. Raises if there is neither for now."""
        said = self.ask(operation, f"query/{path}", fields)
        if said.failure is not None:
            raise said.failure
        return said

    def job(self, number: str) -> dict[str, Any]:
        """The result of a bulk order; asked once, however many of its cards are in question."""
        known = self._jobs.get(number) or self.query("23M10", "sim-batch-result", {"jobId": number}).first
        return self._jobs.setdefault(number, known)

    def msisdns(self, sims: Sequence[SimKey]) -> dict[str, str]:
        """The numbers by ICCID, queried (25S05) if unknown: orders go by number. Omits unknown cards."""
        known = {sim.iccid: sim.msisdn for sim in sims if sim.msisdn}
        if not (asked := [sim.iccid for sim in sims if not sim.msisdn]):
            return known
        said = self.query("25S05", "sim-card-info/batch", {"iccids": "_".join(asked)})
        if said.status != OK and len(asked) > 1:  # it may be the trouble of one card alone
            raise NoAnswer(said.sentence)
        named = {str(card.get("iccid")).upper(): card for card in said.result}
        if not named.keys() <= set(asked):  # it may then say nothing about the other cards
            raise NoAnswer(Note.ANOTHER_SIM)
        for iccid in asked if said.status == OK else ():
            card = named.get(iccid, {"status": "", "message": ""})
            entry = _Said(str(card.get("status", OK)), str(card.get("message", "")), [])
            if entry.status == OK and card.get("msisdn"):
                known[iccid] = str(card["msisdn"])
            elif entry.reason is not Reason.SIM:
                self.silent[iccid] = entry.failure or NoAnswer(f"no word of the card: {entry.sentence}")
        return known

    def unnumbered(self, change: Change) -> Answer:
        """The answer for a change whose card has no number."""
        failure = self.silent.get(change.sim.iccid)
        return Answer.kept_back(change, failure) if failure else Answer.refused(change, Reason.SIM, NO_CARD)

    def sign_in(self) -> Token:
        params = {"appid": self._config.appid, "password": self._config.password, "transid": self._transid("")}
        said = _said(self.session.call(operation="token", method="GET", url=self._url("get/token"), params=params))
        if said.status == OK and said.first.get("token"):
            expires_at = self.session.now() + lasts(said.first.get("ttl"), most=codes.TOKEN_SECONDS)
            return Token(value=str(said.first["token"]), expires_at=expires_at)
        if said.reason is Reason.ACCOUNT:
            raise AccountRefused(said.sentence)
        raise NotSent(f"no token: {said.sentence}", retry_after_seconds=said.wait_seconds)

    def _url(self, path: str) -> str:
        return f"{self._config.base_url.rstrip('/')}/{path}"

    def _transid(self, reference: str) -> str:
        digits = int(sha256(reference.encode()).hexdigest(), 16) if reference else secrets.randbelow(10**8)
        return f"{self._config.appid}{self.session.now().astimezone(ZoneInfo(ZONE)):%Y%m%d%H%M%S}{digits % 10**8:08d}"


def _said(response: Response) -> _Said:
    body = usable(response).json()
    if response.status != 200 or not isinstance(body, dict) or "status" not in body:
        raise NoAnswer(f"HTTP {response.status} with a body that is not the platform's")
    return _Said(str(body["status"]), str(body.get("message", "")), _entries(body.get("result")))


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _ordered(talk: _Talk, changes: Sequence[Change], numbers: Mapping[str, str], ends: float) -> list[Answer]:
    """One order of one plan. A bulk order is refused as a whole because of one card: then it is halved."""
    if time.monotonic() >= ends:
        return [Answer.kept_back(change, NotSent(Note.TIME_USED_UP)) for change in changes]
    try:
        said = _order(talk, changes, "_".join(numbers[change.sim.iccid] for change in changes))
    except NotSent as error:
        return [Answer.kept_back(change, error) for change in changes]
    except NoAnswer as error:
        return [Answer.unsure(change, error) for change in changes]
    half = len(changes) // 2
    if half and said.status != OK and (said.reason is Reason.SIM or "分钟" in said.message):
        return _ordered(talk, changes[:half], numbers, ends) + _ordered(talk, changes[half:], numbers, ends)
    if half == 0 and said.another(changes[0].sim, numbers[changes[0].sim.iccid]):
        return [Answer.unsure(changes[0], Note.ANOTHER_SIM)]
    return [_taken_on(change, said) for change in changes]


def _order(talk: _Talk, changes: Sequence[Change], msisdns: str) -> _Said:
    main, colon, package = changes[0].plan_code.rpartition(":")
    fields = {"maincommoDity": main if colon else "0", "packageType": package}
    reference, path = changes[0].reference, "order/gprspackage-order"
    if len(changes) == 1:
        return talk.ask("23R08", path, fields | {"msisdn": msisdns}, reference=reference)
    return talk.ask("23R09", f"{path}/batch", fields | {"msisdns": msisdns}, reference=reference)


def _taken_on(change: Change, said: _Said) -> Answer:
    order, job = said.first.get("orderNum"), said.first.get("jobId")
    if said.status != OK:
        return said.refused(change)
    if not order and not job:
        return Answer.unsure(change, f"taken on without a number: {said.sentence}")
    return Answer(reference=change.reference, outcome=Outcome.ACCEPTED, number=str(order or f"{BATCH}{job}"))


def _found(talk: _Talk, question: Question) -> Answer:
    try:
        if question.number.startswith(BATCH):
            return _by_job(talk, question)
        return _by_order(talk, question) if question.number else _by_readings(talk, question)
    except (NotSent, NoAnswer) as error:
        return Answer.unsure(question.change, error, question.number)


def _by_order(talk: _Talk, question: Question) -> Answer:
    said = talk.query("23M27", "order-info", {"orderNum": question.number})
    status = str(said.first.get("status", ""))
    if str(said.first.get("orderNum") or question.number) != question.number:
        return Answer.unsure(question.change, "the answer names another order", question.number)
    if not status:  # they gave us this number, so not knowing it (any more) proves nothing
        return Answer.unsure(question.change, f"no word of the order: {said.sentence}", question.number)
    if status in codes.ORDER_OVER:
        return _over(question, said.first, f"order {status}")
    return Answer.now(question, Outcome.DONE if status == "completed" else Outcome.ACCEPTED, status)


def _by_job(talk: _Talk, question: Question) -> Answer:
    job = talk.job(question.number.removeprefix(BATCH))
    status = str(job.get("jobStatus", ""))
    if status in ("0", "1"):
        return Answer.now(question, Outcome.ACCEPTED, f"job {status}")
    if status == "4":
        return _over(question, job, "the whole job failed")
    msisdn = talk.msisdns([question.change.sim]).get(question.change.sim.iccid)
    card = next((card for card in _entries(job.get("resultList")) if str(card.get("resultId")) == msisdn), None)
    if card is None:
        return Answer.unsure(question.change, f"job {status} without a word of this card", question.number)
    said = _Said(str(card.get("status", "")), str(card.get("message", "")), [])
    if said.status == OK:
        return Answer.now(question, Outcome.DONE, f"job {status}")
    return said.refused(question.change, question.number)


def _over(question: Question, entry: Mapping[str, Any], what: str) -> Answer:
    """It ended without being done, for the reason given, or for an unknown one."""
    if entry.get("message"):
        return _Said(what, str(entry["message"]), []).refused(question.change, question.number)
    return Answer.now(question, Outcome.REJECTED, what, Reason.TEMPORARY)


def _by_readings(talk: _Talk, question: Question) -> Answer:
    change, sim = question.change, question.change.sim
    return Answer.by_readings(change, question.before, _reading(talk, sim, talk.msisdns([sim]).get(sim.iccid, "")))


def _reading(talk: _Talk, sim: SimKey, msisdn: str) -> Reading:
    as_of, card = talk.session.now(), {"msisdn": msisdn}
    if not msisdn:
        if sim.iccid in talk.silent:
            raise talk.silent[sim.iccid]
        return Reading(iccid=sim.iccid, as_of=as_of, refused=NO_CARD)
    said = talk.query("25S04", "sim-status", card)
    if not said.result if said.status == OK else said.reason is not Reason.SIM:  # trouble with a plan is not the card's
        raise NoAnswer(said.sentence)
    status = str(said.first.get("cardStatus", "")).strip()
    if said.status != OK or status == "99":
        return Reading(iccid=said.another(sim, msisdn) or sim.iccid, as_of=as_of, refused=said.sentence)
    state = next((word for word, statuses in codes.CARD_STATUSES.items() if status in statuses), "")
    plans = talk.query("23R00", "ordered-offerings", card | {"queryType": "3"})
    left = talk.query("23U07", "sim-data-margin", card)
    margin = _entries(left.first.get("accmMarginList"))
    return Reading(
        iccid=next(filter(None, (answer.another(sim, msisdn) for answer in (said, plans, left))), sim.iccid),
        as_of=as_of,
        state=state,
        granted_bytes=_total(margin, "totalAmount"),
        used_bytes=_total(margin, "useAmount"),
        left_bytes=_total(margin, "remainAmount"),
        blocked_why=_blocked_why(talk, card) if state == "suspended" else "",
        **_by_plans(plans, civil_date(as_of, ZONE), civil_date(talk.session.now(), ZONE)),
    )


def _by_plans(said: _Said, today: date, ended: date) -> dict[str, Any]:
    """Add-ons have no period; bytes count from the month (if it did not turn until `ended`) or a plan begun in it."""
    plans, ends, starts = [], [], [today.replace(day=1)]
    for entry in _entries(said.first.get("offeringInfoList")):
        starts_at, ends_at = _instant(entry.get("effectiveDate")), _instant(entry.get("expiriedDate"))
        starts_on = starts_at and civil_date(starts_at, ZONE)
        ends_on = first_day_not_served(ends_at, ZONE) if ends_at and ends_at.year < codes.NO_END_FROM else None
        plans.append(ListedPlan(code=str(entry.get("offeringId", "")), starts_on=starts_on, ends_on=ends_on))
        if not re.search("加油包|叠加包", str(entry.get("offeringName", ""))):
            ends += [ends_on] if ends_on else []
            starts += [starts_on] if starts_on and starts_on <= today else []
    counted_from = max(starts) if ended.month == today.month else None
    return {"plans": tuple(plans), "period_end_on": max(ends, default=None), "counted_from": counted_from}


def _instant(text: Any) -> datetime | None:
    try:  # yyyyMMddHHmmss or yyyy-MM-dd HH:mm:ss, in China
        found = datetime.strptime(re.sub(r"[^0-9]", "", str(text)[:40]), "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(ZONE))
    except ValueError:
        return None
    return found if moment(found) else None


def _total(margin: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """Bytes of the running month; None if not given (a card in a pool)."""
    said = [amount for entry in margin if (amount := in_bytes(entry.get(name), 1024)) is not None]
    return sum(said) if said and len(said) == len(margin) else None


def _blocked_why(talk: _Talk, card: Mapping[str, str]) -> str:
    try:
        digits = str(talk.query("25S02", "sim-stop-reason", card).first.get("stopReason", ""))
    except (NotSent, NoAnswer):  # the card's figures do not depend on it
        return ""
    return ", ".join(why for place, why in codes.STOP_REASONS.items() if digits[place : place + 1] == "2")
