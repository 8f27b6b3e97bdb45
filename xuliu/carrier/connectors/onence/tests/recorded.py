"""1NCE's answers as its OpenAPI files describe them, with the files' own examples where they have some."""

from typing import Any

from tests.contracts.peer import Recorded, RecordedCall, Refusal, Reply
from xuliu.carrier.contract import Action, Outcome, Reason

ICCID, UNKNOWN = "8988280666000000001", "8988280666000000009"
ANOTHER = "8988280666000000002"
TOKEN = "eyJpZHRva2V.b7d1ce5f0b3a4d8e"
LOGIN = "Basic emhvdTpMaW4tcy1vd24td29yZA=="  # zhou:Lin-s-own-word
SIM = {"iccid": ICCID, "imei": "0000000000000018", "status": "Enabled", "current_quota": 500}
QUOTA = {
    "volume": 435.787951,
    "total_volume": 500,
    "expiry_date": "2029-01-01T00:00:00.000Z",
    "last_volume_added": 500,
    "threshold_percentage": 20,
}
TOPPED_UP = {**QUOTA, "volume": 935.787951, "total_volume": 1000}
EXTENDED = {**QUOTA, "volume": 935.787951, "total_volume": 1000, "expiry_date": "2039-01-01T00:00:00.000Z"}
CREATED = Reply(status=201, headers={"location": "https://api.1nce.com/management-api/v1/orders/1234"})


def answer(asked: RecordedCall) -> Reply:
    """What 1NCE says where all is well."""
    return _answer(asked, QUOTA)


def after(action: Action, asked: RecordedCall) -> Reply:
    """The same once the order was carried out."""
    return _answer(asked, TOPPED_UP if action is Action.ADD_ON else EXTENDED)


def _answer(asked: RecordedCall, quota: dict[str, Any]) -> Reply:
    path = f"{asked.method} {asked.path.removeprefix('/management-api')}"
    if asked.headers.get("authorization") != (LOGIN if path == "POST /oauth/token" else f"Bearer {TOKEN}"):
        return Reply(status=401)
    known = {
        "POST /oauth/token": Reply.of(
            {"status_code": 200, "access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "all"}
        ),
        f"GET /v1/sims/{ICCID}": Reply.of(SIM),
        f"GET /v1/sims/{ICCID}/quota/data": Reply.of(quota),
        f"POST /v1/sims/{ICCID}/topup": CREATED,
        "POST /v1/sims/extension": CREATED,
    }
    return known.get(path, Reply(status=404))


def of_another(asked: RecordedCall) -> Reply | None:
    """The same of another SIM; a quota does not say whose it is."""
    is_card = asked.path.removeprefix("/management-api/v1/sims/").isalnum()
    return Reply.of({**SIM, "iccid": ANOTHER, "iccid_with_luhn": f"{ANOTHER}0"}) if is_card else None


RECORDED = Recorded(
    config={"client_id": "zhou", "client_secret": "Lin-s-own-word"},
    base_path="/management-api",
    iccid=ICCID,
    msisdn="",
    unknown_iccid=UNKNOWN,
    plan_codes={Action.RENEW: "1", Action.ADD_ON: "topup"},
    answer=answer,
    after=after,
    of_another=of_another,
    is_change=lambda asked: asked.method == "POST" and "/sims/" in asked.path,
    is_token=lambda asked: asked.path.endswith("/oauth/token"),
    token=TOKEN,
    stale_token=Reply(status=401),
    bad_credentials=Reply.of(
        {"statusCode": 400, "errorCode": "BadCredentials", "message": "User does not exist."}, 400
    ),
    refusals=(
        Refusal(reply=Reply(status=403), outcome=Outcome.REJECTED, reason=Reason.SIM),
        Refusal(reply=Reply(status=404), outcome=Outcome.REJECTED, reason=Reason.SIM),
        Refusal(reply=Reply(status=422), outcome=Outcome.REJECTED, reason=Reason.SIM, action=Action.ADD_ON),
        Refusal(
            reply=Reply.of({"message": "Payment method used is not valid."}, 400),
            outcome=Outcome.NOT_SENT,
            reason=Reason.ACCOUNT,
        ),
        Refusal(reply=Reply(status=402), outcome=Outcome.NOT_SENT, reason=Reason.ACCOUNT),
        Refusal(reply=Reply(status=409), outcome=Outcome.UNKNOWN),
        Refusal(reply=Reply(status=202), outcome=Outcome.UNKNOWN),
    ),
)
