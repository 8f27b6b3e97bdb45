"""Keys and certificates as people paste them: with `\\n` or blanks for line breaks, without their frame, in full width,
with dashes that a word processor joined, with what nobody sees in between, beside other blocks of the same file.

Parsing one costs many times what a signature check does, so each text is parsed once a process and the key kept.
"""

import re
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

from xuliu.common import signs

SEALING_BYTES = 32
KEPT = 256  # three texts an account
PRIVATE, PUBLIC, CERTIFICATE, ENCRYPTED = "PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE", "ENCRYPTED"
# Word processors join two or three dashes to one, so that fewer than five may be left of a frame.
_FRAME = re.compile(r"-{2,9} {0,9}(BEGIN|END) {1,9}([A-Z0-9 ]{1,40}?) {0,9}-{2,9}", re.IGNORECASE)
# Line breaks stay; `>` stands before the lines of a mail that is answered.
_PLAIN = {sign: plain for sign, plain in signs.ALIKE.items() if chr(sign) not in "\r\n"} | {ord(">"): None}


class BadKey(Exception):
    """A key or certificate that cannot be used; `code` says why, and whoever shows it words it. Never carries the key.

    Codes: empty, not_a_key, not_rsa, too_short, encrypted, is_private, is_public, is_certificate, several,
    wrong_length.
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
        raise BadKey(_what_else(der), "the private key") from error
    if not isinstance(key, RSAPrivateKey):
        raise BadKey("not_rsa", "the private key")
    _check_size(key.key_size, "the private key")
    return key


@lru_cache(maxsize=KEPT)
def public_key(pasted: str) -> RSAPublicKey:
    """The RSA public key in that text. Raises BadKey."""
    der = _only(pasted, wanted=PUBLIC, what="the public key")
    try:
        key = load_der_public_key(der)
    except ValueError as error:
        raise BadKey(_what_else(der), "the public key") from error
    return _rsa(key, "the public key")


@lru_cache(maxsize=KEPT)
def certificates(pasted: str) -> Mapping[str, Certified]:
    """The certificates in that text by serial number: hex, upper case, no leading zeros. Raises BadKey."""
    by_serial = {}
    for kind, text in _blocks(pasted):
        _check_kind(kind, CERTIFICATE, "the certificate")
        der = _decoded(text)
        try:
            found = load_der_x509_certificate(der)
            key = found.public_key()
        except ValueError as error:
            raise BadKey(_what_else(der), "the certificate") from error
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
    """The one block of that kind in the text, as DER. Others may stand beside it, but no private key beside what is
    shown again."""
    blocks = _blocks(pasted)
    if not blocks:
        raise BadKey("empty", what)
    fitting = {text for kind, text in blocks if wanted in kind or not kind}
    is_given_away = wanted != PRIVATE and any(PRIVATE in kind for kind, _ in blocks)
    if is_given_away or not fitting:
        _check_kind(PRIVATE if is_given_away else blocks[0][0], wanted, what)
        raise BadKey("not_a_key", what)
    if any(ENCRYPTED in kind for kind, _ in blocks):
        raise BadKey("encrypted", what)
    found = {_decoded(text) for text in fitting}
    if len(found) > 1:
        raise BadKey("several", what)
    return found.pop()


def _check_kind(kind: str, wanted: str, what: str) -> None:
    if ENCRYPTED in kind:
        raise BadKey("encrypted", what)
    for other, code in ((PRIVATE, "is_private"), (PUBLIC, "is_public"), (CERTIFICATE, "is_certificate")):
        if other in kind and other != wanted:
            raise BadKey(code, what)


def _what_else(der: bytes) -> str:
    """What that is, where it is not what was wanted: without a frame nothing else tells."""
    for code, load in (
        ("is_private", lambda: load_der_private_key(der, password=None)),
        ("is_public", lambda: load_der_public_key(der)),
        ("is_certificate", lambda: load_der_x509_certificate(der)),
    ):
        try:
            load()
        except TypeError:  # it wants a password
            return "encrypted"
        except ValueError:
            continue
        return code
    return "not_a_key"


def _blocks(pasted: str) -> list[tuple[str, str]]:
    """The label of each frame ("" where there is none) and what it holds; half a frame frames, too."""
    text = pasted.translate(_PLAIN).replace("\\r", "").replace("\\n", "\n").strip(" \r\n\t',")
    frames = list(_FRAME.finditer(text))
    if not frames:
        return [("", text)] if text else []
    ends = [frame.start() for frame in frames[1:]] + [len(text)]
    blocks = [
        (frame[2].upper(), text[frame.end() : end])
        for frame, end in zip(frames, ends, strict=True)
        if frame[1].upper() == "BEGIN"
    ]
    if frames[0][1].upper() == "END":
        blocks.insert(0, (frames[0][2].upper(), text[: frames[0].start()]))
    return blocks


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


def serial_number(text: str) -> str:
    """A certificate's serial number as a provider writes it, from how openssl, Windows and browsers show it."""
    return text.upper().removeprefix("SERIAL").lstrip(" =:").removeprefix("0X").replace(":", "").replace(" ", "")
