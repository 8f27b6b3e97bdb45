"""RSA-SHA256 and AES-256-GCM as payment providers use them. No Django, no models.

Keys come as text from a sealed Config; `keys` reads them.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import datetime
from functools import lru_cache
from secrets import token_hex

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from xuliu.payment import keys


def seconds(now: datetime) -> str:
    """The instant in whole seconds since 1970, as a timestamp is written."""
    return str(int(now.timestamp()))


def new_nonce() -> str:
    """A random word of 32 characters, used once."""
    return token_hex(16).upper()


def sign(private_key_pem: str, message: bytes) -> str:
    """The message's RSA-SHA256 (PKCS #1 v1.5) signature in base64. Raises BadKey."""
    return b64encode(keys.private_key(private_key_pem).sign(message, PKCS1v15(), SHA256())).decode("ascii")


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether the base64 signature of that message is valid."""
    try:
        key.verify(b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def opened(key: str, *, nonce: str, associated: str, sealed: str) -> bytes | None:
    """The plain text of an AES-256-GCM box given in base64; None if key, nonce or text do not fit.

    Raises BadKey if the key is not 32 bytes long.
    """
    cipher = _cipher(key)
    try:
        return cipher.decrypt(nonce.encode(), b64decode(sealed, validate=True), associated.encode())
    except (InvalidTag, NotBase64, ValueError):
        return None


@lru_cache(maxsize=keys.KEPT)
def _cipher(key: str) -> AESGCM:
    keys.check_sealing_key(key)
    return AESGCM(key.encode())
