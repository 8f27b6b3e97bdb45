"""How WeChat Pay API v3 signs requests, answers and notices, and seals the latter.

Keys arrive as text out of a sealed Config and are read by `keys`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from xuliu.payment import keys
from xuliu.payment.contract import Forged, Malformed
from xuliu.payment.keys import BadKey
from xuliu.payment.signatures import is_signed, new_nonce, opened, seconds, sign

DOES_NOT_HOLD, NOT_OURS = "its signature does not hold", "its serial number is not one of ours"
ANOTHERS = (DOES_NOT_HOLD, NOT_OURS)  # signed, and not with the key that we know


@dataclass(frozen=True, slots=True, kw_only=True)
class Wechatpay2:
    """`WECHATPAY2-SHA256-RSA2048`.

    The peer's key is told by the serial number beside each signature: `public_key_id` names the WeChat Pay public key,
    any other must be that of one of the platform certificates. Both may be given while a merchant changes over.
    """

    SCHEME: ClassVar[str] = "WECHATPAY2-SHA256-RSA2048"
    SEAL: ClassVar[str] = "AEAD_AES_256_GCM"
    MAX_AGE: ClassVar[timedelta] = timedelta(minutes=5)

    mchid: str
    merchant_serial: str
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    public_key_id: str
    public_key: str
    platform_certificates: str

    def faults(self) -> dict[str, str]:
        """Why a key cannot be used as it was pasted, as a code of BadKey by the field's name."""
        wanted: dict[str, Callable[[str], object]] = {
            "private_key": keys.private_key,
            "api_v3_key": keys.check_sealing_key,
        }
        if self.public_key_id or self.public_key:
            wanted["public_key"] = keys.public_key
        if self.platform_certificates or "public_key" not in wanted:
            wanted["platform_certificates"] = keys.some_certificate
        found = {name: keys.fault(read, getattr(self, name)) for name, read in wanted.items()}
        found["public_key_id"] = "" if self.public_key_id or not self.public_key else "empty"
        return {name: code for name, code in found.items() if code}

    def signed(self, *lines: str) -> str:
        """The merchant's signature over those lines, each ended by a newline."""
        return sign(self.private_key, "".join(f"{line}\n" for line in lines).encode())

    def authorization(self, *, method: str, url: str, content: bytes, now: datetime) -> str:
        """The Authorization header of a request; what is signed is the address from its path on. Raises BadKey."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        at, nonce = seconds(now), new_nonce()
        signature = self.signed(method, target, at, nonce, content.decode())
        return (
            f'{self.SCHEME} mchid="{self.mchid}",nonce_str="{nonce}",timestamp="{at}",'
            f'serial_no="{self.merchant_serial}",signature="{signature}"'
        )

    def answer_serial(self) -> str:
        """The serial number to ask answers to be signed with: the public key's, else the newest certificate's.

        Raises BadKey where no answer could be believed, so that nothing is sent then.
        """
        if self.public_key_id:
            keys.public_key(self.public_key)
            return self.public_key_id
        known = keys.certificates(self.platform_certificates)
        if not known:
            raise BadKey("empty", "the public key")
        return max(known, key=lambda serial: known[serial].ends_at)

    def check(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Is this answer or notice WeChat Pay's, and fresh? Raises Forged.

        Serial number first, then age, then signature: a stranger's notice costs nothing."""
        try:
            key = self._key(headers.get("wechatpay-serial", ""), now)
        except BadKey as error:
            raise Forged(f"it cannot be checked: {error}") from error
        if headers.get("wechatpay-signature-type", self.SCHEME) != self.SCHEME:
            raise Forged("it is signed in a way that was not agreed")
        at, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        if not _is_within(at, now, self.MAX_AGE):
            raise Forged("its timestamp is not within five minutes")
        message = f"{at}\n{nonce}\n".encode() + body + b"\n"
        if not is_signed(key, message, headers.get("wechatpay-signature", "")):
            raise Forged(DOES_NOT_HOLD)

    def unsealed(self, resource: Any) -> bytes:
        """What a notice's resource hides. Raises Malformed."""
        if not isinstance(resource, dict) or resource.get("algorithm") != self.SEAL:
            raise Malformed("a notice without a sealed resource")
        nonce, associated, sealed = (
            str(resource.get(each) or "") for each in ("nonce", "associated_data", "ciphertext")
        )
        try:
            plain = opened(self.api_v3_key, nonce=nonce, associated=associated, sealed=sealed)
        except BadKey as error:
            raise Malformed(str(error)) from error
        if plain is None:
            raise Malformed("the resource cannot be opened with the APIv3 key")
        return plain

    def _key(self, serial: str, now: datetime) -> RSAPublicKey:
        if not serial:
            raise Forged("it is not signed")
        if serial == self.public_key_id:
            return keys.public_key(self.public_key)
        certificate = keys.certificates(self.platform_certificates).get(serial.lstrip("0").upper())
        if certificate is None:
            raise Forged(NOT_OURS)
        if not certificate.begins_at <= now <= certificate.ends_at:
            raise Forged("its certificate is not valid now")
        return certificate.key


def _is_within(at: str, now: datetime, age: timedelta) -> bool:
    is_number = at.isascii() and at.isdigit() and len(at) <= 12
    return is_number and abs(int(at) - now.timestamp()) <= age.total_seconds()
