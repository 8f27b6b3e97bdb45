"""Sealing of credentials and personal data, and keyed hashes to find them by.

Keys are derived from the installation's root secrets by HKDF-SHA256 (RFC 5869). The first secret seals; the
others still open what they sealed. A key's id is the first 8 hex digits of a hash of the key, so a rotated
secret is recognised without being named.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


class CannotOpen(Exception):
    """Sealed with a key that this installation no longer has, or tampered with."""


def seal(plain: bytes, *, purpose: str) -> tuple[str, bytes]:
    """The key's id and nonce + ciphertext (AES-256-GCM); the purpose is bound in."""
    key = _derived(_secrets()[0], "seal")
    nonce = os.urandom(NONCE_BYTES)
    return _key_id(key), nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def unseal(key_id: str, sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed for this purpose. Raises CannotOpen."""
    for secret in _secrets():
        key = _derived(secret, "seal")
        if _key_id(key) == key_id:
            try:
                return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
            except InvalidTag as error:
                raise CannotOpen(f"sealed data for {purpose} does not open") from error
    raise CannotOpen(f"no key {key_id}: put the secret that sealed it into XULIU_OLD_SECRETS")


def keyed_hash(text: str, *, purpose: str) -> bytes:
    """32 bytes by which an equal text is found again, useless without the secret (HMAC-SHA256)."""
    return hmac.digest(_derived(_secrets()[-1], f"hash:{purpose}"), text.encode(), "sha256")


def _secrets() -> tuple[str, ...]:
    return (settings.XULIU_SECRET, *settings.XULIU_OLD_SECRETS)


@lru_cache(maxsize=64)
def _derived(secret: str, use: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"xuliu", info=use.encode()).derive(secret.encode())


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id" + key).hexdigest()[:8]
