import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import assert_linear
from xuliu.common import redact as masking
from xuliu.common.redact import MASK, redact, redact_text, redact_url


def test_secrets_are_masked_however_deep_they_stand() -> None:
    said = {"appid": "10", "auth": [{"access_token": "t0p", "expires_in": 3600}], "data": {"Password": "hush"}}

    assert redact(said) == {
        "appid": "10",
        "auth": [{"access_token": MASK, "expires_in": 3600}],
        "data": {"Password": MASK},
    }


def test_the_given_thing_is_not_changed() -> None:
    said = {"inner": {"token": "t0p"}}

    redact(said)

    assert said == {"inner": {"token": "t0p"}}


def test_a_whole_secret_branch_is_masked() -> None:
    assert redact({"credentials": {"user": "lin", "id": 7}}) == {"credentials": MASK}


def test_json_stays_json_and_loses_its_secrets() -> None:
    kept = redact_text('{"result": [{"token": "t0p", "ttl": 1800}]}', limit=1000)

    assert json.loads(kept) == {"result": [{"token": MASK, "ttl": 1800}]}


def test_what_is_no_json_loses_what_looks_like_a_secret() -> None:
    for text in (
        "access_token=t0p&expires_in=5",
        "<xml><sign>t0p</sign></xml>",
        "Authorization: Bearer t0p",
        "Authorization: Basic t0p",
        '{"token": "t0p", "cut off',
        "password = 't0p'; next",
    ):
        kept = redact_text(text, limit=1000)
        assert "t0p" not in kept, text
        assert MASK in kept


def test_user_and_password_of_an_address_are_dropped_and_its_query_masked() -> None:
    assert redact_url("https://me:t0p@carrier.example/v5/query?token=t0p&transid=7") == {
        "url": "https://carrier.example/v5/query",
        "query": {"token": MASK, "transid": "7"},
    }


@given(st.text())
def test_any_text_becomes_one_that_the_database_can_hold(text: str) -> None:
    kept = redact_text(text, limit=50)

    assert "\x00" not in kept
    assert len(kept) <= 50
    kept.encode("utf-8")


EVIL = {
    "a word without end": "a" * 10,
    "words that are almost names": "token ",
    "dots": "token.",
    "hyphens and dots": "a-token.-",
    "blanks": "token" + " " * 90,
    "quotes": '"token" "',
    "quotes that never close": 'token="',
    "backslashes": 'token="\\',
    "parting signs": "token=:>",
    "branches": "token={[",
    "cdata": "<sign><![CDATA[",
    "bearers": "token: bearer ",
    "an error page": "<p class=token-sign>sign in to your-account.example first</p>\n",
}


@pytest.mark.parametrize("how", EVIL)
def test_masking_reads_a_text_once(how: str) -> None:
    assert_linear(masking._masked, lambda size: (EVIL[how] * size)[:size], size=8_000)


@pytest.mark.parametrize("how", EVIL)
def test_what_masking_costs_does_not_grow_with_what_is_sent(how: str) -> None:
    text = EVIL[how] * 100_000
    started = time.thread_time()
    kept = redact_text(text, limit=8_000)
    assert time.thread_time() - started < 0.25
    assert len(kept) <= 8_000


def test_json_that_was_cut_or_goes_too_deep_loses_its_secrets_too() -> None:
    long = json.dumps({"list": ["x" * 100] * 5, "auth": {"token": 't0p"t0p', "credentials": {"user": "t0p"}}})
    for text in (long + " " * 500, "[" * 5_000 + '{"token": "t0p"}', '{"a":' * 400 + '{"token": "t0p"}' + "}" * 400):
        kept = redact_text(text, limit=800 if text.startswith('{"list') else 6_000)
        assert "t0p" not in kept
        assert MASK in kept


def test_names_and_values_as_other_formats_write_them() -> None:
    for text in (
        "<sign><![CDATA[t0p]]></sign>",
        "pin=t0p",
        "Api-Key : 't0p\\'t0p'",
        "token=\t\tt0p",
        "secret: {t0p: t0p}",
    ):
        assert "t0p" not in redact_text(text, limit=100), text
    assert redact_text("spin=1&pinned: 2&plan=3", limit=100) == "spin=1&pinned: 2&plan=3"
