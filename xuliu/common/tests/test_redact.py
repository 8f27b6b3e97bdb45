import json

from hypothesis import given
from hypothesis import strategies as st

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
