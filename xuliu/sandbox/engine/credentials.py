"""Keys and passwords of the stand-ins, made on the first start and kept beside the books."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

Credentials = dict[str, dict[str, str]]
KEY_BITS = 2048
VALID_DAYS = 5 * 365


@dataclass(frozen=True, slots=True)
class VendorKeys:
    """The vendor's own private keys: one per mode."""

    public_key_mode: rsa.RSAPrivateKey
    certificate_mode: rsa.RSAPrivateKey


def load(folder: Path) -> tuple[Credentials, VendorKeys]:
    """Those of this folder; made where there are none yet."""
    ours, vendors = folder / "credentials.json", folder / "platform-keys.json"
    if not ours.exists() or not vendors.exists():
        credentials, keys = _made()
        _write(vendors, keys)
        _write(ours, credentials)
    credentials = cast("Credentials", json.loads(ours.read_text()))
    keys = json.loads(vendors.read_text())
    return credentials, VendorKeys(private_key(keys["public_key_mode"]), private_key(keys["certificate_mode"]))


def private_key(pem: str) -> rsa.RSAPrivateKey:
    """A private key from PEM. Raises ValueError for another kind of key."""
    # The checks of a key that we have just written ourselves would cost more than the rest of the start.
    key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


def _made() -> tuple[Credentials, dict[str, str]]:
    merchant, by_key, by_certificate = (rsa.generate_private_key(65537, KEY_BITS) for _ in range(3))
    mchid = f"19{secrets.randbelow(10**8):08d}"
    certificate = _certificate(merchant, f"mchid {mchid}")
    platform = _certificate(by_certificate, "Tenpay.com sandbox")
    wechatpay = {
        "mchid": mchid,
        "appid": f"wx{secrets.token_hex(8)}",
        "app_secret": secrets.token_hex(16),
        "api_v3_key": secrets.token_hex(16),
        "merchant_serial": _serial(certificate),
        "merchant_private_key": _pem(merchant),
        "merchant_certificate": _certificate_pem(certificate),
        "public_key_id": f"PUB_KEY_ID_01{mchid}{datetime.now(UTC):%Y%m%d}00{secrets.randbelow(10**10):010d}",
        "public_key": _public_pem(by_key),
        "platform_serial": _serial(platform),
        "platform_certificate": _certificate_pem(platform),
    }
    credentials = {
        "onelink": {"appid": f"20{secrets.randbelow(10**11):011d}", "password": secrets.token_urlsafe(9)},
        "1nce": {"client_id": "xuliu-sandbox", "client_secret": secrets.token_urlsafe(24)},
        "wechatpay": wechatpay,
    }
    return credentials, {"public_key_mode": _pem(by_key), "certificate_mode": _pem(by_certificate)}


def _write(path: Path, content: Any) -> None:
    """Whole or not at all, and for the owner alone."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.replace(path)


def _certificate(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(int.from_bytes(b"\x5a" + secrets.token_bytes(19)))  # 40 hexadecimal digits always
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=VALID_DAYS))
    return builder.sign(key, hashes.SHA256())


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:X}"


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
