"""RSA-SHA256 and AES-256-GCM: what holds, what does not, and that a key is parsed once."""

from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xuliu.payment import keys
from xuliu.payment.keys import BadKey, certificates, public_key
from xuliu.payment.providers.wechatpay.tests.wechat_side import NOW, certificate_pem, private_pem, public_pem, rsa_key
from xuliu.payment.signatures import is_signed, opened, sign

KEY = "0123456789abcdefghijklmnopqrstuv"


@settings(deadline=None)  # the first example makes the keys
@given(message=st.binary(max_size=200))
def test_a_signature_holds_for_its_message_and_for_no_other(message: bytes) -> None:
    signature = sign(private_pem(rsa_key("merchant")), message)
    key = public_key(public_pem(rsa_key("merchant")))
    assert is_signed(key, message, signature)
    assert not is_signed(key, message + b"x", signature)
    assert not is_signed(public_key(public_pem(rsa_key("mallory"))), message, signature)


@settings(deadline=None)  # the first example makes the keys
@given(text=st.text(max_size=400))
def test_whatever_is_no_signature_does_not_hold_and_does_not_raise(text: str) -> None:
    assert not is_signed(rsa_key("merchant").public_key(), b"message", text)


@settings(deadline=None)  # the first example makes the keys
@given(plain=st.binary(max_size=200), associated=st.text(max_size=20))
def test_a_sealed_text_opens_with_its_key_and_with_nothing_else(plain: bytes, associated: str) -> None:
    sealed = b64encode(AESGCM(KEY.encode()).encrypt(b"fdasflkja484", plain, associated.encode())).decode()
    assert opened(KEY, nonce="fdasflkja484", associated=associated, sealed=sealed) == plain
    assert opened(KEY[::-1], nonce="fdasflkja484", associated=associated, sealed=sealed) is None
    assert opened(KEY, nonce="fdasflkja485", associated=associated, sealed=sealed) is None
    assert opened(KEY, nonce="fdasflkja484", associated=associated + "x", sealed=sealed) is None


def test_a_key_is_parsed_once_for_a_thousand_uses() -> None:
    pem = private_pem(rsa_key("merchant"))
    sign(pem, b"first")
    before = keys.private_key.cache_info().misses
    for _ in range(50):
        sign(str(bytes(pem, "ascii"), "ascii"), b"again")
    assert keys.private_key.cache_info().misses == before


def test_a_key_that_is_none_is_named_without_being_told() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    elliptic_private = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    elliptic_public = elliptic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    locked = (
        rsa_key("merchant")
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
        .decode()
    )
    for text in ("", "a secret that is no key", elliptic_private, locked):
        with pytest.raises(BadKey) as caught:
            sign(text, b"message")
        assert "secret" not in str(caught.value)
    for text in ("", "no key", elliptic_public, private_pem(rsa_key("merchant"))):
        with pytest.raises(BadKey):
            public_key(text)
    with pytest.raises(BadKey):
        opened("too short", nonce="fdasflkja484", associated="", sealed="")


def test_several_certificates_in_one_text_are_told_apart_by_their_serial_numbers() -> None:
    ends = {0xA1: NOW + timedelta(days=1), 0xB2: NOW + timedelta(days=2)}
    text = "\n".join(
        certificate_pem("platform", serial=serial, begins_at=NOW, ends_at=at) for serial, at in ends.items()
    )
    known = certificates(text)
    assert {serial: each.ends_at for serial, each in known.items()} == {"A1": ends[0xA1], "B2": ends[0xB2]}
    assert dict(certificates("  \n")) == {}
    with pytest.raises(BadKey):
        certificates("no certificate")
