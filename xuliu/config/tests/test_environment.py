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


# Each as somebody wrote it whose password means something in an address.
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:pa@ss@127.0.0.1:5432/app",
        "postgresql://app:pa/ss@127.0.0.1:5432/app",
        "postgresql://app:12/ss@127.0.0.1:5432/app",
        "postgresql://app:100%@127.0.0.1:5432/app",
        "postgresql://app:a%zzss@127.0.0.1/app",
    ],
)
def test_signs_of_a_password_that_mean_something_are_told_without_showing_it(url: str) -> None:
    with pytest.raises(WrongEnvironment, match="@ as %40") as told:
        environment.database(url)
    assert "ss@" not in str(told.value)
    assert "100" not in str(told.value)
    assert told.value.__suppress_context__, "libpq's own words hold the password"


@pytest.mark.parametrize(
    "given", ["postgresql://app:a%40b%2Fc@db:6432/shop", "host=db user=app password=p@s/s dbname=shop"]
)
def test_a_password_that_is_written_rightly_is_taken(given: str) -> None:
    described = environment.database(given)
    assert (described["HOST"], described["USER"], described["NAME"]) == ("db", "app", "shop")
    assert described["PASSWORD"] in {"a@b/c", "p@s/s"}


@pytest.mark.parametrize(
    "given",
    [
        "pay.example.com",
        "https://",
        "ftp://pay.example.com",
        "https://pay.example.com/sim",  # an installation below a path: links and stickers would lead nowhere
        "https://pay.example.com?shop=1",
        "https://pay.example.com/#top",
        "https://olga:word@pay.example.com",
        "https://pay.example.com:99999",
        "https://pay.example.com:port",
        "https://[::1",
        "https://pay example.com",
        "https://pay_example.com",
        "https://*.example.com",
        "https://支付.example",
    ],
)
def test_a_base_url_that_would_be_half_obeyed_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_BASE_URL", given)
    with pytest.raises(WrongEnvironment, match="XULIU_BASE_URL") as told:
        environment.base_url()
    assert ":word" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "obeyed"),
    [
        (" https://pay.example.com/ ", "https://pay.example.com"),
        ("HTTPS://Pay.Example.com", "https://pay.example.com"),
        ("https://pay.example.com:443", "https://pay.example.com"),  # as browsers write it in Origin
        ("http://pay.example.com:80", "http://pay.example.com"),
        ("https://pay.example.com:8443", "https://pay.example.com:8443"),
        ("http://[2001:DB8::7]:8000", "http://[2001:db8::7]:8000"),
        ("https://xn--fiq228c.example", "https://xn--fiq228c.example"),
    ],
)
def test_a_base_url_is_kept_as_browsers_write_it(given: str, obeyed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_BASE_URL", given)
    assert environment.base_url() == obeyed


def test_hosts_written_with_commas_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_ALLOWED_HOSTS", "pay.example.com,shop.example.com")
    with pytest.raises(WrongEnvironment, match="XULIU_ALLOWED_HOSTS"):
        environment.allowed_hosts()


def test_a_word_that_is_neither_yes_nor_no_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, meant in {"1": True, "Yes": True, "on": True, "": False, "0": False, "no": False}.items():
        monkeypatch.setenv("XULIU_BEHIND_PROXY", said)
        assert environment.flag("XULIU_BEHIND_PROXY") is meant
    monkeypatch.setenv("XULIU_BEHIND_PROXY", "nginx")
    with pytest.raises(WrongEnvironment, match="XULIU_BEHIND_PROXY"):
        environment.flag("XULIU_BEHIND_PROXY")


def test_a_log_level_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_LOG_LEVEL", "loud")
    with pytest.raises(WrongEnvironment, match="XULIU_LOG_LEVEL"):
        environment.log_level()


@pytest.mark.parametrize("home", ["~/xuliu", "a\tb", "a\nb", "x\udcffy", "zero\u200bwidth"])
def test_a_home_that_nobody_could_name_again_is_refused(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_HOME", home)
    with pytest.raises(WrongEnvironment, match="XULIU_HOME") as told:
        environment.home()
    str(told.value).encode()


def test_a_secret_that_could_not_be_named_as_an_old_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_SECRET", "one word and another and one more of them")
    with pytest.raises(WrongEnvironment, match="XULIU_OLD_SECRETS"):
        environment.secret(is_demo=False)


@pytest.mark.parametrize("given", ["0", "-1", "1001", "2.5", "two", "٢", "²", "9" * 5000])
def test_a_number_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("XULIU_PATIENCE_HOURS", given)

    with pytest.raises(WrongEnvironment, match="XULIU_PATIENCE_HOURS"):
        environment.whole("XULIU_PATIENCE_HOURS", default=2)


def test_a_number_that_is_not_given_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_MOST_SENDINGS", " ")

    assert environment.whole("XULIU_MOST_SENDINGS", default=6) == 6


def test_the_proxies_are_named_by_address_or_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XULIU_PROXIES", raising=False)
    assert [str(one) for one in environment.proxies()] == ["127.0.0.0/8", "::1/128"]
    monkeypatch.setenv("XULIU_PROXIES", "192.0.2.7 2001:db8::/64")
    assert [str(one) for one in environment.proxies()] == ["192.0.2.7/32", "2001:db8::/64"]
    for wrong in ("nginx", "192.0.2.7,192.0.2.8", "192.0.2.7/8"):
        monkeypatch.setenv("XULIU_PROXIES", wrong)
        with pytest.raises(WrongEnvironment, match="XULIU_PROXIES"):
            environment.proxies()


def test_a_header_that_cannot_be_one_or_is_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_ADDRESS_HEADER", " X-Real-IP ")
    assert environment.address_header() == "X-Real-IP"
    for wrong in ("HTTP_X_REAL_IP", "X-Real-IP:", "Forwarded", "X Real IP"):
        monkeypatch.setenv("XULIU_ADDRESS_HEADER", wrong)
        with pytest.raises(WrongEnvironment, match="XULIU_ADDRESS_HEADER"):
            environment.address_header()
