"""Keys and certificates as people paste them: with `\\n` for line breaks, blanks for line breaks, without their frame.

Parsing one costs many times what a signature check does, so each text is parsed once a process and the key kept.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import load_der_x509_certificate

SEALING_BYTES = 32
KEPT = 256  # three texts an account
FRAME = "-----"
PRIVATE, PUBLIC, CERTIFICATE, ENCRYPTED = "PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE", "ENCRYPTED"


class BadKey(Exception):
    """A key or certificate that cannot be used; `code` says why, and whoever shows it words it. Never carries the key.

    Codes: empty, not_a_key, not_rsa, too_short, encrypted, is_private, is_public, is_certificate, wrong_length.
    """

    def __init__(self, code: str, what: str = "the key") -> None:
        super().__init__(f"{what}: {code.replace('_', ' ')}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate's key and when it may be used."""

    key: RSAPublicKey
    begins_at: datetime
    ends_at: datetime


@lru_cache(maxsize=KEPT)
def private_key(pasted: str) -> RSAPrivateKey:
    """The RSA private key in that text. Raises BadKey."""
    der = _only(pasted, wanted=PRIVATE, what="the private key")
    try:
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError) as error:
        raise BadKey("not_a_key", "the private key") from error
    if not isinstance(key, RSAPrivateKey):
        raise BadKey("not_rsa", "the private key")
    _check_size(key.key_size, "the private key")
    return key


@lru_cache(maxsize=KEPT)
def public_key(pasted: str) -> RSAPublicKey:
    """The RSA public key in that text. Raises BadKey."""
    try:
        key = load_der_public_key(_only(pasted, wanted=PUBLIC, what="the public key"))
    except ValueError as error:
        raise BadKey("not_a_key", "the public key") from error
    return _rsa(key, "the public key")


@lru_cache(maxsize=KEPT)
def certificates(pasted: str) -> Mapping[str, Certified]:
    """The certificates in that text by serial number: hex, upper case, no leading zeros. Raises BadKey."""
    by_serial = {}
    for kind, der in _blocks(pasted):
        _check_kind(kind, CERTIFICATE, "the certificate")
        try:
            found = load_der_x509_certificate(der)
            key = found.public_key()
        except ValueError as error:
            raise BadKey("not_a_key", "the certificate") from error
        certified = Certified(_rsa(key, "the certificate"), found.not_valid_before_utc, found.not_valid_after_utc)
        by_serial[f"{found.serial_number:X}"] = certified
    return MappingProxyType(by_serial)


def some_certificate(pasted: str) -> Mapping[str, Certified]:
    """As `certificates`, one at least. Raises BadKey."""
    found = certificates(pasted)
    if not found:
        raise BadKey("empty", "the certificate")
    return found


def check_sealing_key(text: str) -> None:
    """A key of AES-256, as its own text. Raises BadKey."""
    if len(text.encode()) != SEALING_BYTES:
        raise BadKey("wrong_length" if text else "empty", "the key of AES-256")


def fault(read: Callable[[str], object], pasted: str) -> str:
    """Why that text cannot be read so, as a code of BadKey; "" where it can."""
    try:
        read(pasted)
    except BadKey as bad:
        return bad.code
    return ""


def _rsa(key: object, what: str) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        raise BadKey("not_rsa", what)
    _check_size(key.key_size, what)
    return key


def _check_size(bits: int, what: str) -> None:
    if bits < 2048:
        raise BadKey("too_short", what)


def _only(pasted: str, *, wanted: str, what: str) -> bytes:
    """The first block of the text, as DER."""
    blocks = _blocks(pasted)
    if not blocks:
        raise BadKey("empty", what)
    kind, der = blocks[0]
    _check_kind(kind, wanted, what)
    return der


def _check_kind(kind: str, wanted: str, what: str) -> None:
    if ENCRYPTED in kind:
        raise BadKey("encrypted", what)
    for other, code in ((PRIVATE, "is_private"), (PUBLIC, "is_public"), (CERTIFICATE, "is_certificate")):
        if other in kind and other != wanted:
            raise BadKey(code, what)


def _blocks(pasted: str) -> list[tuple[str, bytes]]:
    """The label of each frame ("" where there is none) and what it holds.

    Between `-----BEGIN X-----` and `-----END X-----` stand the parts that splitting by the dashes leaves.
    """
    text = pasted.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n")
    parts = [part.strip() for part in text.split(FRAME)]
    if len(parts) == 1:
        return [("", _decoded(text))] if text else []
    begun = [index for index, part in enumerate(parts) if part.startswith("BEGIN ")]
    return [(parts[index].removeprefix("BEGIN "), _decoded("".join(parts[index + 1 : index + 2]))) for index in begun]


def _decoded(text: str) -> bytes:
    lines = [line for line in text.splitlines() if ":" not in line]  # Proc-Type, DEK-Info: of an encrypted key
    if len(lines) < len(text.splitlines()) and "ENCRYPTED" in text:
        raise BadKey("encrypted")
    try:
        return b64decode("".join("".join(lines).split()), validate=True)
    except NotBase64 as error:
        raise BadKey("not_a_key") from error
    except ValueError as error:  # a sign that is not ASCII
        raise BadKey("not_a_key") from error
