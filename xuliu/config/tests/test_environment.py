"""What the environment may say and what it may not."""

import pytest

from xuliu.config import environment
from xuliu.config.environment import DEMO_SECRET, WrongEnvironment


def test_a_demonstration_needs_no_secret_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XULIU_SECRET", raising=False)
    assert environment.secret(is_demo=True) == DEMO_SECRET


@pytest.mark.parametrize("given", ["", "short", DEMO_SECRET])
def test_a_real_installation_is_refused_without_a_secret_of_its_own(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XULIU_SECRET", given)
    with pytest.raises(WrongEnvironment, match="openssl rand"):
        environment.secret(is_demo=False)


def test_keys_for_two_purposes_differ_and_stay_the_same() -> None:
    assert environment.derived("root", "django") == environment.derived("root", "django")
    assert environment.derived("root", "django") != environment.derived("root", "seal")


def test_a_database_address_becomes_django_settings_with_limits() -> None:
    described = environment.database("postgresql://lin:p%40ss@db.example:6432/shop?sslmode=verify-full")
    assert described["NAME"] == "shop"
    assert described["USER"] == "lin"
    assert described["PASSWORD"] == "p@ss"
    assert described["HOST"] == "db.example"
    assert described["PORT"] == "6432"
    assert described["OPTIONS"]["sslmode"] == "verify-full"
    assert "idle_in_transaction_session_timeout=5000" in described["OPTIONS"]["options"]
    assert described["CONN_MAX_AGE"] is None


def test_a_socket_address_keeps_its_folder() -> None:
    assert environment.database("postgresql:///xuliu?host=%2Frun%2Fpg&user=xuliu")["HOST"] == "/run/pg"


def test_a_senseless_database_address_is_named() -> None:
    with pytest.raises(WrongEnvironment, match="DATABASE_URL"):
        environment.database("mysql=//nope nope")


def test_a_senseless_base_url_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_BASE_URL", "pay.example.com")
    with pytest.raises(WrongEnvironment, match="XULIU_BASE_URL"):
        environment.base_url()
