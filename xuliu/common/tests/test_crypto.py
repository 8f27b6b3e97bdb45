import pytest
from pytest_django import Settings

from xuliu.common import crypto

FIRST, SECOND = "first secret of thirty-two letters", "second secret of thirty-two letters"


@pytest.fixture(autouse=True)
def secrets(settings: Settings) -> Settings:
    settings.XULIU_SECRET, settings.XULIU_OLD_SECRETS = FIRST, ()
    return settings


def test_what_was_sealed_opens_for_its_purpose_alone() -> None:
    key_id, sealed = crypto.seal(b"13800138000", purpose="contact phone")

    assert crypto.unseal(key_id, sealed, purpose="contact phone") == b"13800138000"
    with pytest.raises(crypto.CannotOpen, match="does not open"):
        crypto.unseal(key_id, sealed, purpose="contact mail")


def test_sealing_twice_gives_two_ciphertexts() -> None:
    assert crypto.seal(b"same", purpose="x")[1] != crypto.seal(b"same", purpose="x")[1]


def test_one_changed_bit_is_noticed() -> None:
    key_id, sealed = crypto.seal(b"text", purpose="x")
    forged = sealed[:-1] + bytes([sealed[-1] ^ 1])

    with pytest.raises(crypto.CannotOpen):
        crypto.unseal(key_id, forged, purpose="x")


def test_after_rotation_old_things_open_and_new_ones_are_sealed_with_the_new_key(secrets: Settings) -> None:
    old_id, old = crypto.seal(b"old", purpose="x")
    index = crypto.keyed_hash("13800138000", purpose="contact")

    secrets.XULIU_SECRET, secrets.XULIU_OLD_SECRETS = SECOND, (FIRST,)
    new_id, new = crypto.seal(b"new", purpose="x")

    assert old_id != new_id
    assert crypto.unseal(old_id, old, purpose="x") == b"old"
    assert crypto.unseal(new_id, new, purpose="x") == b"new"
    assert crypto.keyed_hash("13800138000", purpose="contact") == index


def test_a_lost_secret_is_named_by_its_key(secrets: Settings) -> None:
    key_id, sealed = crypto.seal(b"text", purpose="x")
    secrets.XULIU_SECRET = SECOND

    with pytest.raises(crypto.CannotOpen, match=key_id):
        crypto.unseal(key_id, sealed, purpose="x")


def test_equal_texts_are_found_again_within_one_purpose_and_one_installation(secrets: Settings) -> None:
    phone = crypto.keyed_hash("13800138000", purpose="phone")

    assert phone == crypto.keyed_hash("13800138000", purpose="phone")
    assert phone != crypto.keyed_hash("13800138000", purpose="mail")
    secrets.XULIU_SECRET = SECOND
    assert phone != crypto.keyed_hash("13800138000", purpose="phone")
