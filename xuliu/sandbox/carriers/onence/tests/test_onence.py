"""1NCE's stand-in, its answers held against the vendor's own description."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from xuliu.sandbox.carriers.onence.tests.caller import NceCaller
from xuliu.sandbox.conftest import ABROAD
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import get, post


def _effects(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.control.books()["carriers"]["1nce"]["effects"])


def _quota(nce: NceCaller) -> dict[str, Any]:
    return dict(nce.call("GET", f"/v1/sims/{ABROAD}/quota/data").json())


class Described:
    """The vendor's description: is this answer one that it names, with the body that it describes?"""

    def __init__(self, path: Path) -> None:
        self._described = yaml.safe_load(path.read_text())

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """Raises where it is not."""
        responses = self._described["paths"][path][method.lower()]["responses"]
        described = responses[str(answer.status_code)]
        for name in described.get("headers", {}):
            assert name in answer.headers, name
        content = described.get("content") or {}
        kind = answer.headers.get("content-type", "").replace(" ", "")
        matching = content.get(kind) or content.get(kind.split(";")[0])
        if matching is None:
            assert not answer.content, f"{answer.status_code} has no body in the description"
            return
        schema = {**matching["schema"], "components": self._described["components"]}
        OAS30Validator(_closed(schema)).validate(answer.json())


def _closed(schema: Any) -> Any:
    """The same schema with no room for fields that it does not name."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if closed.get("type") == "object" and isinstance(closed.get("properties"), dict):
        closed["additionalProperties"] = False
    return closed


@pytest.fixture(scope="session")
def management(vendor_specs: Path) -> Described:
    return Described(vendor_specs / "1nce-sim-management.v1.yml")


@pytest.fixture(scope="session")
def authorization(vendor_specs: Path) -> Described:
    return Described(vendor_specs / "1nce-authorization.v1.yml")


def test_tokens_and_their_refusals_are_as_described(nce: NceCaller, authorization: Described) -> None:
    url, who = f"{nce.base}/oauth/token", (nce.credentials["client_id"], nce.credentials["client_secret"])
    grant = {"grant_type": "client_credentials"}
    answers = [
        nce.fetch_token(),
        post(url, json=grant, auth=(who[0], "guess")),
        post(url, json=grant, auth=(who[0], "")),
        post(url, json={}, auth=who),
        post(url, data=grant, auth=who),
        post(url, json=grant),
    ]
    for answer in answers:
        authorization.check("POST", "/oauth/token", answer)
    errors = [answer.json().get("errorCode", "") for answer in answers]
    assert errors[:2] == ["", "BadCredentials"]
    assert errors[3:5] == ["BodyValidationError", "UnsupportedContentTypeError"]


def test_readings_are_as_described(nce: NceCaller, management: Described) -> None:
    single = ("", "/status", "/quota/data", "/quota/sms", "/usage", "/events")
    for path in single:
        management.check("GET", f"/v1/sims/{{iccid}}{path}", nce.call("GET", f"/v1/sims/{ABROAD}{path}"))
        management.check("GET", f"/v1/sims/{{iccid}}{path}", nce.call("GET", f"/v1/sims/8988280666000000099{path}"))
    management.check("GET", "/v1/sims", nce.call("GET", "/v1/sims"))
    management.check("GET", "/v1/sims", get(f"{nce.base}/v1/sims"))


def test_changes_are_as_described(sandbox: Sandbox, nce: NceCaller, management: Described) -> None:
    management.check("POST", "/v1/sims/{iccid}/topup", nce.call("POST", f"/v1/sims/{ABROAD}/topup"))
    management.check("POST", "/v1/sims/topup", nce.call("POST", "/v1/sims/topup", json=[ABROAD]))
    management.check("POST", "/v1/sims/extension", nce.call("POST", "/v1/sims/extension", json={"iccids": [ABROAD]}))
    management.check("POST", "/v1/sims/extension", nce.call("POST", "/v1/sims/extension", json={}))
    wanted = {"iccid": ABROAD, "status": "Disabled", "label": "till 3"}
    management.check("PUT", "/v1/sims/{iccid}", nce.call("PUT", f"/v1/sims/{ABROAD}", json=wanted))
    management.check("POST", "/v1/sims", nce.call("POST", "/v1/sims", json=[wanted]))
    sandbox.control.sim(ABROAD, ends_on="2021-01-01")
    management.check("POST", "/v1/sims/{iccid}/topup", nce.call("POST", f"/v1/sims/{ABROAD}/topup"))
    sandbox.control.sim(ABROAD, ends_on="2050-01-31", blocked="not yours")
    management.check("POST", "/v1/sims/{iccid}/topup", nce.call("POST", f"/v1/sims/{ABROAD}/topup"))


def test_the_quota_is_what_is_left_of_what_was_granted(sandbox: Sandbox, nce: NceCaller) -> None:
    quota = _quota(nce)
    assert (quota["volume"], quota["total_volume"]) == (435.787951, 500)
    assert quota["expiry_date"] == "2050-01-31T00:00:00.000Z"
    sandbox.control.usage(ABROAD, 600_000_000)
    assert _quota(nce)["volume"] == 0


def test_a_top_up_asked_for_twice_acts_twice(sandbox: Sandbox, nce: NceCaller) -> None:
    answers = [nce.call("POST", f"/v1/sims/{ABROAD}/topup") for _ in range(2)]
    assert len({answer.headers["location"] for answer in answers}) == 2
    assert _quota(nce)["total_volume"] == 1500
    assert [effect["reference"] for effect in _effects(sandbox)] == ["", ""]


def test_a_queued_top_up_is_seen_only_when_its_time_has_come(
    sandbox: Sandbox, nce: NceCaller, clock_file: Path
) -> None:
    sandbox.control.settings(settle_seconds=30)
    answer = nce.call("POST", f"/v1/sims/{ABROAD}/topup")
    assert (answer.status_code, answer.content) == (201, b"")
    assert _quota(nce)["total_volume"] == 500
    clock_file.write_text("31")
    assert _quota(nce)["total_volume"] == 1000


def test_an_extension_moves_the_end_and_renews_the_quota(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.call("POST", "/v1/sims/extension", json={"iccids": [ABROAD], "productId": 1})
    quota = _quota(nce)
    assert (quota["expiry_date"][:10], quota["total_volume"]) == ("2051-01-31", 1000)
    (effect,) = _effects(sandbox)
    assert (effect["period_before"], effect["period_after"]) == ("2050-01-31", "2051-01-31")


def test_an_expired_sim_is_extended_but_not_topped_up(sandbox: Sandbox, nce: NceCaller) -> None:
    sandbox.control.sim(ABROAD, ends_on="2021-01-01")
    assert nce.call("POST", f"/v1/sims/{ABROAD}/topup").status_code == 422
    assert nce.call("POST", "/v1/sims/extension", json={"iccids": [ABROAD]}).status_code == 201
    assert len(_effects(sandbox)) == 1


def test_an_empty_account_refuses_and_changes_nothing(sandbox: Sandbox, nce: NceCaller) -> None:
    sandbox.control.account("1nce", 999)
    assert nce.call("POST", f"/v1/sims/{ABROAD}/topup").status_code == 402
    assert _effects(sandbox) == []


def test_one_unknown_sim_spoils_a_list(sandbox: Sandbox, nce: NceCaller) -> None:
    assert nce.call("POST", "/v1/sims/topup", json=[ABROAD, "8988280666000000099"]).status_code == 404
    assert _effects(sandbox) == []


def test_pages_of_sims_say_how_many_there_are(sandbox: Sandbox, nce: NceCaller) -> None:
    sandbox.control.sims([{"carrier": "1nce", "iccid": f"89882806660000001{at:02d}"} for at in range(24)])
    page = nce.call("GET", "/v1/sims", params={"page": "3", "pageSize": "10"})
    assert (len(page.json()), page.headers["x-total-count"], page.headers["x-total-pages"]) == (5, "25", "3")
    assert nce.call("GET", "/v1/sims", params={"pageSize": "101"}).status_code == 400


def test_an_expired_token_is_unauthorized(sandbox: Sandbox, nce: NceCaller, clock_file: Path) -> None:
    assert nce.call("GET", "/v1/sims").status_code == 200
    clock_file.write_text("3601")
    assert nce.call("GET", "/v1/sims").status_code == 401
    nce.fetch_token()
    sandbox.control.expire_tokens("1nce")
    assert nce.call("GET", "/v1/sims").status_code == 401
