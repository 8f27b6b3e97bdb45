"""1NCE, SIM Management API v1 (https://api.1nce.com/management-api).

Everything here is in the vendor's own OpenAPI files (Authorization v2.1.1, SIM Management v2.0), against which the
tests hold each request: POST /oauth/token, GET /v1/sims/{iccid} and …/quota/data, POST /v1/sims/{iccid}/topup and
/v1/sims/extension.

- ADD_ON is a top-up: no body, the volume is the product's. RENEW is an extension of one SIM by its product, or by the
  product whose id is the plan code; it prolongs the SIM's life and renews its quota.
- Both answer 201 with the address of an order: queued, no more. There is no reference, and the description has no
  order to ask about; asked twice it acts twice. What became of it is read from the quota: `total_volume` (what the SIM
  has had over its lifetime) and `expiry_date`.
- One SIM a call, though lists are taken: a list is refused whole and does not say for which SIM's sake.
- An MB is 10^6 bytes: the vendor's examples give volumes to the sixth decimal, which is the byte. Days are UTC's.
- A SIM is named by its ICCID without the Luhn digit (`iccid`, 19 digits, beside `iccid_with_luhn`, 20): one card. It is
  asked about so first, and with the digit where that name is unknown; ordered for under the one that is known. An
  MSISDN is E.164's without +.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
    Token,
    TryResult,
    access,
    first_day_not_served,
    in_bytes,
    lasts,
    luhn_digit,
    moment_in,
    no_answer,
    one_by_one,
    setting,
    usable,
    without_numbers,
)

MB = 10**6
TOKEN_SECONDS = 86_400  # fetch a token at least once a day, whatever they say
STATES = {"Enabled": "active", "Disabled": "suspended"}
NOT_THIS_SIM = (403, 404, 422)  # not ours, unknown, expired ("only extensions are permitted")

NOT_US = (400, 401, 402, 403)  # of a token
UNKNOWN_SIM = Response(404, {}, b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnenceConfig(BaseConfig):
    """Credentials of an API user, and how 1NCE charges us."""

    client_id: str = field(metadata=setting(zh_hans="API 用户名", en="API user name"))
    client_secret: str = field(repr=False, metadata=setting(zh_hans="API 密码", en="API password", is_secret=True))
    payment_method: str = field(
        default="",
        metadata=setting(
            zh_hans="付款方式（banktransfer、creditcard、monthlyinvoice 或 boleto；留空为 banktransfer）",
            en="Payment method (banktransfer, creditcard, monthlyinvoice or boleto; empty means banktransfer)",
        ),
    )


class Connector:
    """1NCE. Queued answers, no reference, proof by reading back."""

    code: ClassVar[str] = "1nce"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "1NCE", "en": "1NCE"}
    Config: ClassVar[type[Any]] = OnenceConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.RENEW, Action.ADD_ON}),
        proofs=frozenset({Proof.PERIOD_END, Proof.GRANTED_TOTAL}),
        calls_per_read=2,
        zone="UTC",
        takes_reference=False,
        has_results_later=True,
        tops_up_by_itself=True,  # POST /v1/sims/autoTopup switches it on for a SIM; no answer says whether it is
        settles_within=timedelta(minutes=30),
        verify_within=timedelta(hours=24),
    )

    def __init__(self, config: OnenceConfig) -> None:
        self._config = config

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """19 digits, and the same with their Luhn digit; 20 digits ending otherwise stand alone."""
        if not (iccid.isascii() and iccid.isdecimal() and len(iccid) in (19, 20)):
            return (iccid,)
        whole = iccid[:19] + luhn_digit(iccid[:19])
        return (whole[:19], whole) if whole.startswith(iccid) else (iccid,)

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading | None]:
        """State, device, quota and its end: two questions a SIM. Raises NotSent, NoAnswer."""
        return one_by_one(sims, lambda sim: self._reading(session, sim))

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """A top-up or an extension; ACCEPTED means queued."""
        return [self._submitted(session, change) for change in changes]

    def examine(self, session: Session) -> list[Finding]:
        """Signing in checks address and API user; the payment method shows only with the first order."""
        payment = {"zh-hans": "付款方式", "en": "Payment method"}
        later = {"zh-hans": "第一次下单后才能验证。", "en": "It shows with the first order."}
        seen_later = Finding(about=payment, shown=TryResult.UNTRIED, why=later, is_needed=False)
        return [access(lambda: self._fetch_token(session)), seen_later]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """By the readings before and after. A queued order that does not show yet is still ACCEPTED."""
        return [self._found(session, question) for question in questions]

    def _submitted(self, session: Session, change: Change) -> Answer:
        try:
            iccid = self._name(session, change.sim)
        except (NotSent, NoAnswer) as error:
            return Answer.kept_back(change, error)
        try:
            response = self._ordered(session, change, iccid) if iccid else UNKNOWN_SIM
        except NotSent as error:
            return Answer.kept_back(change, error)
        except NoAnswer as error:
            return Answer.unsure(change, error)
        if response.status == 201:
            number = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
            return Answer(reference=change.reference, outcome=Outcome.ACCEPTED, number=number)
        return Answer.refused(change, _reason(response, change.action), _words(response))

    def _name(self, session: Session, sim: SimKey) -> str:
        """The ICCID for one order, queried if ours may not be 1NCE's own: a 404 on an order would not prove that only
        the name was wrong. "" if none is known."""
        names = self.names_of(sim.iccid)
        if names[0] == sim.iccid:
            return names[0]
        known = (name for name in names if self._call(session, "sim", f"/v1/sims/{name}").status != 404)
        return next(known, "")

    def _ordered(self, session: Session, change: Change, iccid: str) -> Response:
        if change.action is Action.ADD_ON:
            return self._call(session, "topup", f"/v1/sims/{iccid}/topup", change=change)
        product = {"productId": int(change.plan_code)} if change.plan_code.isdigit() else {}
        return self._call(
            session, "extension", "/v1/sims/extension", change=change, json={"iccids": [iccid], **product}
        )

    def _found(self, session: Session, question: Question) -> Answer:
        change = question.change
        try:
            answer = Answer.by_readings(change, question.before, self._reading(session, change.sim))
        except (NotSent, NoAnswer) as error:
            return Answer.unsure(change, error, question.number)
        if question.number and answer.outcome is Outcome.NOT_FOUND:
            return Answer.now(question, Outcome.ACCEPTED, "queued, not seen yet")
        return answer

    def _reading(self, session: Session, sim: SimKey) -> Reading:
        card = UNKNOWN_SIM
        for iccid in self.names_of(sim.iccid):
            card = self._call(session, "sim", f"/v1/sims/{iccid}")
            if card.status not in NOT_THIS_SIM:
                quota = self._call(session, "quota_data", f"/v1/sims/{iccid}/quota/data")
                return _reading(sim, session.now(), card, quota)
        return Reading(iccid=sim.iccid, as_of=session.now(), refused=_words(card))

    def _call(
        self, session: Session, operation: str, path: str, *, change: Change | None = None, json: Any = None
    ) -> Response:
        """One exchange. A refused token means that nothing was done: fetch a new one, once."""
        token = ""
        for _ in range(2):
            token = session.token(lambda: self._fetch_token(session), stale=token)
            response = session.call(
                operation=operation,
                method="POST" if change else "GET",
                url=self._url(path),
                params={"payment_method": self._config.payment_method}
                if change and self._config.payment_method
                else None,
                json=json,
                headers={"authorization": f"Bearer {token}"},
                reference=change.reference if change else "",
                is_change=change is not None,
            )
            if usable(response).status != 401:
                return response
        raise AccountRefused("401: a fresh token was refused")

    def _fetch_token(self, session: Session) -> Token:
        login = f"{self._config.client_id}:{self._config.client_secret}"
        try:
            response = usable(
                session.call(
                    operation="token",
                    method="POST",
                    url=self._url("/oauth/token"),
                    json={"grant_type": "client_credentials"},
                    headers={"authorization": f"Basic {b64encode(login.encode()).decode()}"},
                )
            )
        except NoAnswer as error:
            raise NotSent(f"no token: {error}") from error
        if response.status in NOT_US:
            raise AccountRefused(_words(response))
        said = response.json()
        if response.status != 200 or not isinstance(said, dict) or not said.get("access_token"):
            raise NotSent(f"no token: {_words(response)}", retry_after_seconds=60)
        expires_at = session.now() + lasts(said.get("expires_in"), most=TOKEN_SECONDS)
        return Token(value=str(said["access_token"]), expires_at=expires_at)

    def _url(self, path: str) -> str:
        return f"{self._config.base_url.rstrip('/')}{path}"


def _reading(sim: SimKey, as_of: datetime, card: Response, quota: Response) -> Reading:
    about, said = _object(card), {} if quota.status in NOT_THIS_SIM else _object(quota)
    own = {*Connector.names_of(sim.iccid)}
    for named in filter(None, (about.get("iccid"), about.get("iccid_with_luhn"))):
        if own.isdisjoint(Connector.names_of(str(named))):
            return Reading(iccid=str(named), as_of=as_of)
    granted, left = in_bytes(said.get("total_volume"), MB), in_bytes(said.get("volume"), MB)
    ends_at = moment_in(said.get("expiry_date"), zone=UTC)
    return Reading(
        iccid=sim.iccid,
        as_of=as_of,
        state=STATES.get(str(about.get("status")), ""),
        period_end_on=first_day_not_served(ends_at, "UTC") if ends_at else None,
        granted_bytes=granted,
        used_bytes=None if granted is None or left is None else granted - left,
        left_bytes=left,
        imei=str(about.get("imei") or ""),
    )


def _reason(response: Response, action: Action | None = None) -> Reason | None:
    """What the refusal of a change or question is about; None if the description has no such answer.

    A top-up's 400 is described as the payment method, which is ours to set; an extension's is not described further.
    402 is not described at all, and can only be about our payment. That a SIM is expired is no answer to its extension.
    """
    if response.status == 422 and action is Action.RENEW:
        return None
    if response.status in NOT_THIS_SIM:
        return Reason.SIM
    if response.status == 402:
        return Reason.ACCOUNT
    if response.status == 400 and (action is Action.ADD_ON or "payment" in response.text.lower()):
        return Reason.ACCOUNT
    return Reason.PLAN if response.status == 400 and action is Action.RENEW else None


def _object(response: Response) -> dict[str, Any]:
    """The JSON object about a SIM. Raises NotSent, NoAnswer."""
    said = response.json()
    if response.status == 200 and isinstance(said, dict):
        return said
    odd = NoAnswer(f"HTTP {response.status} with a body that is not as described")
    raise no_answer(_reason(response), _words(response)) or odd


def _words(response: Response) -> str:
    said = response.json()
    message = said.get("message", "") if isinstance(said, dict) else ""
    return without_numbers(f"{response.status}: {message}" if message else str(response.status))
