"""Trouble with our own keys at WeChat Pay, told apart from what is refused for its own sake."""

import pytest

from xuliu.payment.contract import LockedOut, Outcome, TryResult
from xuliu.payment.providers.wechatpay.provider import Provider
from xuliu.payment.providers.wechatpay.tests.test_answers import CODE_URL, a_wish, an_opening, refusal
from xuliu.payment.providers.wechatpay.tests.wechat_side import RecordedPeer, config, lins, public_pem, rsa_key

OURS = [
    (400, "APPID_MCHID_NOT_MATCH"),
    (401, "SIGN_ERROR"),
    (401, "A_CODE_OF_NEXT_YEAR"),
    (403, "NO_AUTH"),
    (403, "NOAUTH"),
    (404, "MCH_NOT_EXISTS"),
]


@pytest.mark.parametrize(("status", "code"), OURS)
def test_a_refusal_of_our_keys_is_told_apart_whatever_was_asked(status: int, code: str) -> None:
    peer = refusal(code, status)
    provider, reference = lins(), "0p7k3m5n9q2r4s6t8v1w"
    for ask in (
        lambda: provider.open(peer, an_opening()),
        lambda: provider.query(peer, reference),
        lambda: provider.close(peer, reference),
        lambda: provider.refund(peer, a_wish()),
        lambda: provider.query_refund(peer, reference),
    ):
        with pytest.raises(LockedOut):
            ask()


def test_a_refusal_of_our_keys_need_not_be_signed_and_no_other_refusal_is_believed_unsigned() -> None:
    with pytest.raises(LockedOut):
        lins().query(RecordedPeer(status=401, said=b"<html>", headers={}), "0p7k3m5n9q2r4s6t8v1w")
    unsigned = RecordedPeer(status=400, said={"code": "PARAM_ERROR"}, headers={})
    assert lins().refund(unsigned, a_wish()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"private_key": "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"},
        {"private_key": ""},
        {"public_key": "nonsense"},
        {"public_key_id": "", "public_key": "", "platform_certificates": ""},
        {"public_key_id": "", "public_key": "", "platform_certificates": "nonsense"},
    ],
)
def test_nothing_is_sent_with_keys_that_cannot_sign_or_check(changes: dict[str, str]) -> None:
    peer = RecordedPeer(said=CODE_URL)
    with pytest.raises(LockedOut) as locked_out:
        Provider(config(**changes)).open(peer, an_opening())
    assert peer.asked == []
    assert "nonsense" not in str(locked_out.value)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, TryResult.RIGHT),
        ({"public_key": public_pem(rsa_key("merchant"))}, TryResult.WRONG),
        ({"public_key_id": "PUB_KEY_ID_0000000000"}, TryResult.WRONG),
    ],
)
def test_another_public_key_than_wechat_pays_is_found_wrong(changes: dict[str, str], shown: TryResult) -> None:
    peer = refusal("ORDER_NOT_EXIST", 404)
    found = Provider(config(**changes, app_secret="")).examine(peer)[0]
    assert found.shown is shown
    assert bool(found.why) is (shown is TryResult.WRONG)


@pytest.mark.parametrize(
    "peer",
    [
        RecordedPeer(status=502, said=b"<html>", headers={}),
        refusal("SYSTEM_ERROR", 500),
        refusal("NO_SUCH_PATH", 404),
        RecordedPeer(status=404, said={"code": "ORDER_NOT_EXIST"}, headers={}),
    ],
)
def test_what_could_not_be_tried_says_why(peer: RecordedPeer) -> None:
    found = Provider(config(app_secret="")).examine(peer)[0]
    assert (found.shown, bool(found.why)) == (TryResult.UNTRIED, True)
