"""WeChat Pay's keys and certificates, the merchant's and the platform's."""

import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from xuliu.sandbox.engine.credentials import Keys

KEY_BITS = 2048
VALID_DAYS = 5 * 365


def private_key(pem: str) -> rsa.RSAPrivateKey:
    """A private key from PEM. Raises TypeError for another kind of key."""
    # The checks of a key that we have just written ourselves would cost more than the rest of the start.
    key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


def made() -> Keys:
    """A merchant's, and the platform's own: a private key for each of its two modes."""
    merchant, by_key, by_certificate = (rsa.generate_private_key(65537, KEY_BITS) for _ in range(3))
    mchid = f"19{secrets.randbelow(10**8):08d}"
    certificate = _certificate(merchant, f"mchid {mchid}")
    platform = _certificate(by_certificate, "Tenpay.com sandbox")
    ours = {
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
    return Keys(ours, {"public_key_mode": _pem(by_key), "certificate_mode": _pem(by_certificate)})


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
