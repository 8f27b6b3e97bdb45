"""Keys as people paste them: understood, or refused with the reason."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
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
from xuliu.payment.providers.wechatpay.tests.wechat_side import NOW, certificate_pem, private_pem, public_pem, rsa_key

PRIVATE, PUBLIC = private_pem(rsa_key("merchant")), public_pem(rsa_key("merchant"))
CERTIFICATE = certificate_pem("platform", serial=0xA1, begins_at=NOW, ends_at=NOW + timedelta(days=1))
OLD_PRIVATE = rsa_key("merchant").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
LOCKED = {
    form: rsa_key("merchant").private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"password")).decode()
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
}


def without_frame(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-"))


PASTED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "with the signs \\n for its line breaks": lambda pem: pem.strip().replace("\n", "\\n"),
    "with the signs \\r\\n": lambda pem: pem.strip().replace("\n", "\\r\\n"),
    "with blanks for its line breaks": lambda pem: pem.replace("\n", " "),
    "without any line break": lambda pem: pem.replace("\n", ""),
    "with the line breaks of Windows": lambda pem: pem.replace("\n", "\r\n"),
    "in quotes": lambda pem: f'"{pem.strip()}"',
    "without its frame": lambda pem: "\n".join(pem.splitlines()[1:-1]),
    "without its frame, on one line": without_frame,
    "in full width": lambda pem: pem.translate({sign: sign + 0xFEE0 for sign in range(0x21, 0x7F)}),
    "with signs that nobody sees": lambda pem: "\ufeff" + pem.replace("\n", "\u200b\n"),
    "with the dashes of a word processor": lambda pem: pem.replace("-----", "—–"),
    "with the longer dashes of a word processor": lambda pem: pem.replace("-----", "——-"),
    "with the words of its frame in small letters": lambda pem: pem.replace("-----BEGIN", "-----begin"),
    "without the first half of its frame": lambda pem: pem.split("\n", 1)[1],
    "without the second half of its frame": lambda pem: pem.rsplit("-----END", 1)[0],
    "out of an answered mail": lambda pem: "".join(f"> {line}\n" for line in pem.splitlines()),
    "twice": lambda pem: pem + pem,
    "with what openssl prints above it": lambda pem: f"Bag Attributes\n    friendlyName: shop\n{pem}",
}


@pytest.mark.parametrize("how", PASTED)
@pytest.mark.parametrize("text", [PRIVATE, OLD_PRIVATE])
def test_a_private_key_is_understood_however_it_was_pasted(how: str, text: str) -> None:
    assert keys.private_key(PASTED[how](text)).private_numbers() == rsa_key("merchant").private_numbers()


@pytest.mark.parametrize("how", PASTED)
def test_a_public_key_is_understood_however_it_was_pasted(how: str) -> None:
    assert keys.public_key(PASTED[how](PUBLIC)) == rsa_key("merchant").public_key()


@pytest.mark.parametrize("how", PASTED)
def test_a_certificate_is_understood_however_it_was_pasted(how: str) -> None:
    assert list(keys.certificates(PASTED[how](CERTIFICATE))) == ["A1"]


def _elliptic() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public.decode()


def _short() -> str:
    return private_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505  # that it is too short is its point


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("abc", "not_a_key"),
        ("私钥", "not_a_key"),
        ("-----BEGIN PRIVATE KEY-----", "not_a_key"),
        ("-----", "not_a_key"),
        ("-----BEGIN SOMETHING-----\nMIIC\n-----END SOMETHING-----", "not_a_key"),
        (without_frame(PUBLIC), "is_public"),
        (without_frame(CERTIFICATE), "is_certificate"),
        (PRIVATE + private_pem(rsa_key("platform")), "several"),
        (PRIVATE[:400], "not_a_key"),
        (PUBLIC, "is_public"),
        (CERTIFICATE, "is_certificate"),
        (_elliptic()[0], "not_rsa"),
        (_short(), "too_short"),
        *((text, "encrypted") for text in LOCKED.values()),
    ],
)
def test_what_is_no_private_key_is_refused_with_the_reason_and_never_told(text: str, code: str) -> None:
    with pytest.raises(keys.BadKey) as refused:
        keys.private_key(text)
    assert refused.value.code == code
    assert not set(without_frame(text).split()) & set(str(refused.value).split())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (PRIVATE, "is_private"),
        (PUBLIC + PRIVATE, "is_private"),  # what stands beside it would be shown again
        (without_frame(PRIVATE), "is_private"),
        (CERTIFICATE, "is_certificate"),
        (_elliptic()[1], "not_rsa"),
        (PUBLIC + public_pem(rsa_key("platform")), "several"),
    ],
)
def test_what_is_no_public_key_is_refused_with_the_reason(text: str, code: str) -> None:
    assert keys.fault(keys.public_key, text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (PRIVATE, "is_private"),
        (CERTIFICATE + PRIVATE, "is_private"),
        (PUBLIC, "is_public"),
        ("x", "not_a_key"),
    ],
)
def test_what_is_no_certificate_is_refused_with_the_reason(text: str, code: str) -> None:
    assert keys.fault(keys.some_certificate, text) == code


@settings(deadline=None)
@given(text=st.text(max_size=300) | st.text(alphabet="-BEGIN PRVATKYCF\n\\nMIID+/=:", max_size=300))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for read in (keys.private_key, keys.public_key, keys.certificates, keys.check_sealing_key):
        keys.fault(read, text)


@pytest.mark.parametrize("text", [PRIVATE + CERTIFICATE, f"Bag Attributes\n{CERTIFICATE}Bag Attributes\n{PRIVATE}"])
def test_a_private_key_is_found_beside_its_certificate(text: str) -> None:
    assert keys.private_key(text).private_numbers() == rsa_key("merchant").private_numbers()


@pytest.mark.parametrize(
    "shown", ["5A21A1", "5a21a1", "5a:21:a1", "5a 21 a1", "0x5A21A1", "serial=5A21A1", "Serial: 5a:21:a1"]
)
def test_a_serial_number_is_read_however_a_program_shows_it(shown: str) -> None:
    assert keys.serial_number(shown) == "5A21A1"
