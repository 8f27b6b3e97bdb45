"""Mei Tel, a carrier that does not exist: the smallest whole connector, dropped in by a test.

It takes our reference: the same order again gives the same answer, and an order can be asked about by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from xuliu.carrier.contract import (
    AccountRefused,
    Action,
    Answer,
    BaseConfig,
    Capabilities,
    Change,
    Finding,
    NoAnswer,
    NotSent,
    Outcome,
    Proof,
    Question,
    Reading,
    Reason,
    Response,
    Session,
    SimKey,
    access,
    in_bytes,
    no_answer,
    one_by_one,
    setting,
    usable,
)

OUTCOMES = {"done": Outcome.DONE, "queued": Outcome.ACCEPTED}
REASONS = {"sim": Reason.SIM, "plan": Reason.PLAN, "balance": Reason.ACCOUNT, "later": Reason.TEMPORARY}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeiTelConfig(BaseConfig):
    """One key."""

    key: str = field(metadata=setting(zh_hans="接口密钥", en="API key", is_secret=True))


class Connector:
    """Mei Tel. Immediate answers, by our reference."""

    code: ClassVar[str] = "mei-tel"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "美通", "en": "Mei Tel"}
    Config: ClassVar[type[Any]] = MeiTelConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.RENEW, Action.ADD_ON}),
        proofs=frozenset({Proof.PERIOD_END, Proof.GRANTED_TOTAL}),
    )

    def __init__(self, config: MeiTelConfig) -> None:
        self._config = config

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """The one that is given."""
        return (iccid,)

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading | None]:
        """One question a SIM."""
        return one_by_one(sims, lambda sim: self._read(session, sim))

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """One order a change."""
        return [self._submit(session, change) for change in changes]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """By our reference."""
        return [self._find(session, question.change) for question in questions]

    def examine(self, session: Session) -> list[Finding]:
        """Any question shows whether the key is taken; what is no answer of Mei Tel's shows nothing."""
        return [access(lambda: _object(self._call(session, "sims", "/sims")))]

    def _read(self, session: Session, sim: SimKey) -> Reading:
        response = self._call(session, "sim", f"/sims/{sim.iccid}")
        if response.status == 404:
            return Reading(iccid=sim.iccid, as_of=session.now(), refused="unknown")
        said = _object(response)
        if "iccid" not in said:
            return _refused(session, sim, said)
        if said["iccid"] != sim.iccid:
            return Reading(iccid=str(said["iccid"]), as_of=session.now())
        granted, used = in_bytes(said.get("granted_bytes"), 1), in_bytes(said.get("used_bytes"), 1)
        try:
            ends_on = date.fromisoformat(str(said.get("ends_on")))
        except ValueError:
            ends_on = None
        return Reading(
            iccid=sim.iccid,
            as_of=session.now(),
            state="active" if said.get("is_on") else "suspended",
            period_end_on=ends_on,
            granted_bytes=granted,
            used_bytes=used,
            left_bytes=None if granted is None or used is None else granted - used,
        )

    def _submit(self, session: Session, change: Change) -> Answer:
        try:
            said = _object(self._call(session, "order", "/orders", change))
        except NotSent as error:
            return Answer.kept_back(change, error)
        except NoAnswer as error:
            return Answer.unsure(change, error)
        return _answer(change, said)

    def _find(self, session: Session, change: Change) -> Answer:
        try:
            response = self._call(session, "order_query", f"/orders/{change.reference}")
            if response.status == 404:
                return Answer(reference=change.reference, outcome=Outcome.NOT_FOUND, detail="no such order")
            return _answer(change, _object(response))
        except (NotSent, NoAnswer) as error:
            return Answer.unsure(change, error)

    def _call(self, session: Session, operation: str, path: str, change: Change | None = None) -> Response:
        order = change and {"reference": change.reference, "iccid": change.sim.iccid, "plan": change.plan_code}
        response = session.call(
            operation=operation,
            method="POST" if change else "GET",
            url=f"{self._config.base_url}{path}",
            json=order,
            headers={"x-key": self._config.key},
            reference=change.reference if change else "",
            is_change=change is not None,
        )
        if usable(response).status == 401:
            raise AccountRefused("401: the key is refused")
        return response


def _object(response: Response) -> dict[str, Any]:
    said = response.json()
    if response.status != 200 or not isinstance(said, dict):
        raise NoAnswer(f"HTTP {response.status} with an odd body")
    return said


def _answer(change: Change, said: Mapping[str, Any]) -> Answer:
    state, number = str(said.get("state")), str(said.get("number", ""))
    if state in OUTCOMES:
        return Answer(reference=change.reference, outcome=OUTCOMES[state], number=number)
    return Answer.refused(change, _reason(said), f"{state}: {said.get('why')}", number=number)


def _refused(session: Session, sim: SimKey, said: Mapping[str, Any]) -> Reading:
    """A question is refused for the same reasons as a change."""
    if _reason(said) is Reason.SIM:
        return Reading(iccid=sim.iccid, as_of=session.now(), refused=str(said.get("why")))
    raise no_answer(_reason(said), f"refused: {said.get('why')}") or NoAnswer("a plan's trouble is none of a SIM's")


def _reason(said: Mapping[str, Any]) -> Reason | None:
    """What a refusal is about; None for words that we do not know."""
    return REASONS.get(str(said.get("why"))) if said.get("state") == "refused" else None
