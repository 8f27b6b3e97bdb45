"""Where a request comes from: the one reader of addresses that peers have and proxies write.

Everything counted by address uses these functions. A wrong header may therefore disadvantage its sender but nobody
else: it is no error, opens no new count per spelling, and never becomes somebody else's address.
"""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LONGEST = 64  # characters of one address with port and brackets; the longest there can be has 55
MOST_PROXIES = 8  # the most proxies in a row


@dataclass(frozen=True, slots=True)
class Client:
    """Who sent a request. `address` is None if our proxy names nobody: such visitors share one limit with each other,
    and with nobody whose address is known. `peer` is the other end of the connection."""

    address: Address | None
    peer: str

    def __str__(self) -> str:
        """The address in canonical spelling; a text that is no address if it is unknown, so that it is never
        somebody's."""
        return str(self.address) if self.address else f"unknown:{self.peer}"


def client_of(request: HttpRequest) -> Client:
    """Who sent this request, by the settings of this installation."""
    name = settings.XULIU_ADDRESS_HEADER
    header = request.headers.get(name, "") if name else None
    return client(peer=str(request.META.get("REMOTE_ADDR", "")), header=header, proxies=settings.XULIU_PROXIES)


def client(*, peer: str, header: str | None, proxies: Collection[Network]) -> Client:
    """Who is behind a connection from `peer`: the peer itself, unless it is a proxy of ours and there is a header.

    `header` is the value of the header that our proxies write or append to; None without one. It is read from its end,
    where our proxies wrote: the visitor may have written the rest.
    """
    here = read(peer)
    if header is None or here is None or not is_among(here, proxies):
        return Client(here, str(here or ""))
    found: Address | None = None
    for written in reversed(header.rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]):
        found = read(written)
        if found is None or not is_among(found, proxies):
            break
    return Client(found, str(here))


def read(written: str) -> Address | None:
    """The address in `203.0.113.8`, `203.0.113.8:50123`, `2001:db8::7`, `[2001:db8::7]:50123`, `fe80::1%eth0`.

    None for anything else. An IPv4 address that is written as an IPv6 one (`::ffff:203.0.113.8`) is the IPv4 one.
    """
    bare = written[: LONGEST + 1].strip().strip('"')
    if len(written) > LONGEST:
        return None
    if bare.startswith("["):
        bare, _, port = bare[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = bare.partition(":")
        bare, port = (bare, "") if ":" in port else (host, port)
    if port and not (port.isascii() and port.isdigit()):
        return None
    try:
        known = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return known.ipv4_mapped or known if isinstance(known, IPv6Address) else known


def is_among(address: Address, networks: Collection[Network]) -> bool:
    """Whether it lies in one of these networks."""
    return any(address in network for network in networks)


def networks(written: str) -> tuple[Network, ...]:
    """The networks in a list parted by spaces, such as `127.0.0.1 10.0.0.0/8`. Raises ValueError for what is none."""
    return tuple(ip_network(one) for one in written.split())
