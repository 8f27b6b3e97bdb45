"""Who asks: what proxies write around an address, and that nothing they write is ever somebody else's."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.common.addresses import Client, client, networks, read

OURS = networks("127.0.0.0/8 ::1 10.0.0.0/8")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("203.0.113.8", "203.0.113.8"),
        (" 203.0.113.8\t", "203.0.113.8"),
        ("203.0.113.8:50123", "203.0.113.8"),
        ("2001:DB8::7", "2001:db8::7"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:40003", "2001:db8::7"),
        ('"[2001:db8::7]:40003"', "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
        ("[::ffff:203.0.113.8]:50123", "203.0.113.8"),
        ("::ffff:cb00:7108", "203.0.113.8"),
    ],
)
def test_one_address_has_one_spelling(written: str, meant: str) -> None:
    assert str(read(written)) == meant


NONE = [
    "",
    " ",
    "unknown",
    "_hidden",
    "-",
    "localhost",
    "sim.example.com",
    "203.0.113",
    "203.0.113.256",
    "203.0.113.08",
]
NONE += [
    "203.0.113.8:port",
    "203.0.113.8 x",
    "[]",
    "[]:80",
    ":80",
    "[2001:db8::7]x",
    "203.0.113.8/24",
    "0x7f.1",
    "21307",
]
NONE += ["²03.0.113.8", "203.0.113.8:²", "203.0.113.8\x00", "for=203.0.113.8", "::1%" + "a" * 100, "1" * 10_000]


@pytest.mark.parametrize("written", NONE)
def test_what_is_no_address_is_nobodys(written: str) -> None:
    assert read(written) is None


@pytest.mark.parametrize(
    ("peer", "header", "whose"),
    [
        ("203.0.113.5", None, "203.0.113.5"),
        ("::ffff:203.0.113.5", None, "203.0.113.5"),
        (
            "203.0.113.5",
            "198.51.100.1",
            "203.0.113.5",
        ),  # no proxy of ours, so not believed
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1:40001", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1:40002", "198.51.100.1"),
        ("127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.1", "198.51.100.1"),  # in front stands what the visitor wrote
        ("127.0.0.1", "192.0.2.1, 198.51.100.1, 10.0.0.7", "198.51.100.1"),  # two proxies of ours in a row
        ("127.0.0.1", "10.0.0.7", "10.0.0.7"),  # asked by the proxy's own machine
    ],
)
def test_the_client_is_the_last_who_is_no_proxy_of_ours(peer: str, header: str | None, whose: str) -> None:
    assert str(client(peer=peer, header=header, proxies=OURS)) == whose


@pytest.mark.parametrize("header", ["", "unknown", "198.51.100.1, unknown", "198.51.100.1,", "_x7", "☂", "192.0.2.1 x"])
def test_a_wrong_header_is_nobody_in_whatever_spelling(header: str) -> None:
    asked = client(peer="127.0.0.1", header=header, proxies=OURS)
    assert asked == Client(None, "127.0.0.1")
    # Not the proxy's own address either: who asks from that machine would be counted with strangers.
    assert read(str(asked)) is None
    assert str(asked) == str(client(peer="127.0.0.1", header="☃", proxies=OURS))


@given(
    st.text(max_size=300) | st.lists(st.ip_addresses().map(str) | st.text(max_size=30), max_size=20).map(", ".join),
    st.sampled_from(["127.0.0.1", "::1", "203.0.113.5", "", "unix:"]),
)
def test_no_header_is_an_error_or_makes_a_name_of_its_own(header: str, peer: str) -> None:
    asked = client(peer=peer, header=header, proxies=OURS)
    assert asked.address is None or read(str(asked)) == asked.address
    if asked.address is None:
        assert str(asked) == f"unknown:{read(peer) or ''}"


def test_a_long_header_is_read_from_its_end_alone() -> None:
    chain = ", ".join(["10.0.0.1"] * 200_000)
    started = time.perf_counter()
    asked = client(peer="127.0.0.1", header=f"198.51.100.1, {chain}", proxies=OURS)
    assert time.perf_counter() - started < 0.1
    assert str(asked) == "10.0.0.1"


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nginx"):
        networks("127.0.0.1 nginx")
