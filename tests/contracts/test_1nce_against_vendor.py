"""1NCE: our requests, our recorded answers and the sandbox's answers, held against the vendor's OpenAPI files."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contracts.local_session import LocalSession
from tests.contracts.openapi import Description, Exchange, body_of
from tests.contracts.rigs import connector, rigged
from tests.contracts.sandbox_rigs import SandboxRig, at_sandbox
from xuliu.carrier.contract import Action, Response, SimKey
from xuliu.sandbox.testing import Sandbox

BASE = "/management-api"
WHAT_WE_USE = {
    "postAccessTokenPOST",
    "getSimUsingGET",
    "getDataQuotaForSimUsingGET",
    "topUpUsingPOST",
    "extendSimsUsingPOST",
}


@pytest.fixture(scope="module")
def description(vendor_specs: Path) -> Description:
    return Description([vendor_specs / "1nce-authorization.v1.yml", vendor_specs / "1nce-sim-management.v1.yml"])


class Recording(LocalSession):
    """Keeps whole exchanges beside the redacted log."""

    def __init__(self) -> None:
        super().__init__(deadline_seconds=5)
        self.exchanges: list[Exchange] = []

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
        """As its parent's."""
        response = super().call(
            operation=operation,
            method=method,
            url=url,
            params=params,
            json=json,
            form=form,
            headers=headers,
            reference=reference,
            is_change=is_change,
        )
        self.exchanges.append(
            Exchange(
                method=method,
                path=urlsplit(url).path.removeprefix(BASE),
                query={name: str(value) for name, value in (params or {}).items()},
                headers=headers or {},
                body=json,
                response=response,
            )
        )
        return response


@pytest.fixture
def rig(sandbox: Sandbox) -> Iterator[SandboxRig]:
    with at_sandbox("1nce", sandbox, Recording()) as rig:
        yield rig


@pytest.fixture
def faults(rig: SandboxRig, description: Description) -> Callable[[], list[str]]:
    """What of all exchanges so far is not as described."""
    session = rig.session
    assert isinstance(session, Recording)
    return lambda: [fault for exchange in session.exchanges for fault in description.faults(exchange)]


def used(rig: SandboxRig, description: Description) -> set[str]:
    assert isinstance(rig.session, Recording)
    return {description.name_of(exchange) for exchange in rig.session.exchanges}


def test_what_we_ask_and_what_the_sandbox_answers_is_as_described(
    rig: SandboxRig, description: Description, faults: Callable[[], list[str]]
) -> None:
    charged = connector(
        "1nce", rig.sandbox.urls["1nce"], {**rig.sandbox.credentials["1nce"], "payment_method": "monthlyinvoice"}
    )
    rig.read()
    for action in Action:
        rig.submit(rig.change(action))
        charged.submit(rig.session, [replace(rig.change(action), plan_code="")])
    rig.read()

    assert used(rig, description) == WHAT_WE_USE
    assert faults() == []
    assert len(rig.effects()) == 4


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        ({"blocked": "not ours"}, {200, 403}),
        ({"ends_on": "2020-01-01", "starts_on": "2019-01-01"}, {200, 422}),
        ({"state": "suspended"}, {200, 201}),
    ],
)
def test_what_the_sandbox_refuses_it_refuses_as_described(
    rig: SandboxRig, faults: Callable[[], list[str]], fields: dict[str, str], statuses: set[int]
) -> None:
    rig.stock(**fields)
    rig.read()
    rig.submit(rig.change(Action.ADD_ON))

    assert isinstance(rig.session, Recording)
    assert {exchange.response.status for exchange in rig.session.exchanges} == statuses
    assert faults() == []


def test_an_unknown_sim_a_stale_token_and_wrong_credentials_are_answered_as_described(
    rig: SandboxRig, faults: Callable[[], list[str]]
) -> None:
    rig.read(99)
    rig.submit(rig.change(Action.ADD_ON, 99))
    rig.submit(rig.change(Action.RENEW, 99))
    rig.sandbox.control.expire_tokens("1nce")
    rig.read()
    mallory = connector("1nce", rig.sandbox.urls["1nce"], {"client_id": "mallory", "client_secret": "guessed"})
    rig.sandbox.control.expire_tokens("1nce")
    mallory.submit(rig.session, [rig.change(Action.ADD_ON)])

    assert isinstance(rig.session, Recording)
    assert {exchange.response.status for exchange in rig.session.exchanges} == {200, 400, 401, 404}
    assert faults() == []


@pytest.mark.parametrize(
    ("method", "path", "params", "body"),
    [
        ("GET", "/v1/sims", {"page": 1, "pageSize": 10}, None),
        ("GET", "/v1/sims/{iccid}/status", {}, None),
        ("GET", "/v1/sims/{iccid}/usage", {}, None),
        ("GET", "/v1/sims/{iccid}/events", {}, None),
        ("GET", "/v1/sims/{iccid}/quota/sms", {}, None),
        ("POST", "/v1/sims/topup", {"payment_method": "creditcard"}, ["{iccid}"]),
    ],
)
def test_the_rest_of_the_sandbox_answers_as_described_too(
    rig: SandboxRig,
    faults: Callable[[], list[str]],
    method: str,
    path: str,
    params: dict[str, str | int],
    body: list[str] | None,
) -> None:
    rig.read()
    token = rig.session.token(lambda: pytest.fail("the reading fetched one"))
    iccid = rig.sim().iccid

    response = rig.session.call(
        operation="direct",
        method=method,
        url=f"{rig.sandbox.urls['1nce']}{path.format(iccid=iccid)}",
        params={name: str(value) for name, value in params.items()},
        json=[iccid] if body else None,
        headers={"authorization": f"Bearer {token}"},
    )

    assert response.status in (200, 201)
    assert faults() == []


def test_our_recorded_answers_are_as_described(description: Description) -> None:
    with rigged("1nce") as rig:
        for action in Action:
            rig.peer.answer = lambda asked, action=action: rig.recorded.after(action, asked)
            rig.read()
            rig.submit(rig.change(action))
        rig.connector.read(rig.session, [SimKey(iccid=rig.recorded.unknown_iccid)])
        asked = list(rig.peer.asked)

        faults = []
        for request in asked:
            reply = rig.recorded.answer(request)
            exchange = Exchange(
                method=request.method,
                path=request.path.removeprefix(BASE),
                query=request.query,
                headers=request.headers,
                body=body_of(request.body),
                response=Response(reply.status, reply.headers, reply.body),
            )
            faults += description.faults(exchange)
        assert faults == []


def test_a_request_or_an_answer_that_is_not_as_described_is_noticed(description: Description) -> None:
    quota = Exchange(
        method="GET",
        path="/v1/sims/8988280666000000001/quota/data",
        query={"reference": "l1a1"},
        headers={"authorization": "Basic bGlu"},
        body={"volume": 1},
        response=Response(200, {"content-type": "application/json"}, b'{"volume": "much", "left": 1}'),
    )
    extension = replace(quota, method="POST", path="/v1/sims/extension", query={}, body={"iccids": 17})

    assert len(description.faults(quota)) == 5
    assert len(description.faults(extension)) == 3
    assert description.faults(replace(quota, path="/v1/orders/17")) == ["no operation GET /v1/orders/17"]
