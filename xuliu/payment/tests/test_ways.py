"""Ways to pay: their codes are unique, and what a way is paid by is what its kind needs."""

from dataclasses import replace

import pytest

from xuliu.common.discovery import Misplaced
from xuliu.payment import registry
from xuliu.payment.bounds import bounded_open_result
from xuliu.payment.contract import OpenResult, Outcome, PagePart, Way
from xuliu.payment.registry import all_providers, all_ways, way_called

GOES = Way(code="goes", part=PagePart.REDIRECT)
WAITS = Way(code="waits", part=PagePart.NOTHING)
DRAWN = Way(code="drawn", part=PagePart.QR)


def opened(token: str, way: Way | None) -> Outcome:
    return bounded_open_result(OpenResult(outcome=Outcome.DONE, token=token), way=way).outcome


def test_a_redirect_leads_to_an_address_of_the_web_and_to_no_script() -> None:
    assert opened("https://pay.example/p/1", GOES) is Outcome.DONE
    for token in ("javascript:alert(1)", "//pay.example", "data:text/html,x", "pay", ""):
        assert opened(token, GOES) is Outcome.UNKNOWN


def test_what_is_drawn_needs_something_to_draw_and_what_waits_needs_nothing() -> None:
    assert opened("weixin://wxpay/bizpayurl?pr=1", DRAWN) is Outcome.DONE
    assert opened("", DRAWN) is Outcome.UNKNOWN
    assert opened("", WAITS) is Outcome.DONE
    assert opened("", None) is Outcome.UNKNOWN


def test_every_way_is_known_by_its_code_and_no_two_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {code: way.code for code, (way, _) in all_ways().items()} == {code: code for code in all_ways()}
    assert way_called("nobodys") is None
    (code, provider), *_ = all_providers().items()
    capabilities = replace(provider.capabilities, ways=provider.capabilities.ways * 2)
    other = type("Provider", (provider,), {"capabilities": capabilities})
    monkeypatch.setattr(registry, "all_providers", lambda: {code: other})
    with pytest.raises(Misplaced):
        all_ways()
