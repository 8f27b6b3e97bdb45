"""Mei Tel's answers."""

from tests.contracts.peer import Path, Recorded, RecordedCall, Refusal, Reply
from xuliu.carrier.contract import Action, Outcome, Reason

ICCID = "89860400000000000017"
SIM = {"iccid": ICCID, "is_on": True, "ends_on": "2027-01-01", "granted_bytes": 1_000_000, "used_bytes": 17}


def answer(asked: RecordedCall) -> Reply:
    """What Mei Tel says where all is well."""
    return _answer(asked, SIM)


def after(action: Action, asked: RecordedCall) -> Reply:
    """The same once the order has taken effect."""
    done = {Action.RENEW: {"ends_on": "2028-01-01"}, Action.ADD_ON: {"granted_bytes": 2_000_000}}
    return _answer(asked, {**SIM, **done[action]})


def _answer(asked: RecordedCall, sim: dict[str, object]) -> Reply:
    if asked.path == "/v1/sims":
        return Reply.of({"count": 1})
    if asked.path == f"/v1/sims/{ICCID}":
        return Reply.of(sim)
    if asked.path.startswith("/v1/orders"):
        return Reply.of({"state": "done", "number": "m17"})
    return Reply(status=404)


def of_another(asked: RecordedCall) -> Reply | None:
    """The same of another SIM; an order does not say whose it is."""
    return Reply.of({**SIM, "iccid": "89860400000000000025"}) if asked.path.startswith("/v1/sims/") else None


RECORDED = Recorded(
    config={"key": "Mei-s-own-word"},
    base_path="/v1",
    iccid=ICCID,
    msisdn="",
    unknown_iccid="89860400000000000099",
    plan_codes={Action.RENEW: "year", Action.ADD_ON: "one-mb"},
    answer=answer,
    after=after,
    of_another=of_another,
    is_change=lambda asked: asked.path == "/v1/orders",
    is_token=lambda asked: False,
    token="",
    stale_token=Reply(status=401),
    bad_credentials=Reply(status=401),
    refusals=(
        Refusal(reply=Reply.of({"state": "refused", "why": "sim"}), outcome=Outcome.REJECTED, reason=Reason.SIM),
        Refusal(
            reply=Reply.of({"state": "refused", "why": "balance"}), outcome=Outcome.NOT_SENT, reason=Reason.ACCOUNT
        ),
        Refusal(reply=Reply.of({"state": "refused", "why": "plan"}), outcome=Outcome.REJECTED, reason=Reason.PLAN),
        Refusal(
            reply=Reply.of({"state": "refused", "why": "later"}), outcome=Outcome.NOT_SENT, reason=Reason.TEMPORARY
        ),
        Refusal(reply=Reply.of({"state": "odd"}), outcome=Outcome.UNKNOWN),
    ),
    paths=(
        Path(
            name="by our reference",
            number="",
            is_question=lambda asked: asked.path.startswith("/v1/orders/"),
            told=lambda reply: reply,
        ),
    ),
)
