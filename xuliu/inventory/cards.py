"""Asks connectors which ICCIDs mean the same card, and how carriers write an MSISDN."""

from collections.abc import Callable, Iterable

from xuliu.carrier.contract import MsisdnForm
from xuliu.carrier.registry import UnknownConnector, all_connectors, connector_class

Names = Callable[[str], tuple[str, ...]]


def naming(connector: str) -> Names:
    """How this connector names a card; if it is not installed, by the one ICCID."""
    try:
        return connector_class(connector).names_of
    except UnknownConnector:
        return lambda iccid: (iccid,)


def msisdn_form(connector: str) -> MsisdnForm:
    """How this connector's carrier writes an MSISDN; if it is not installed, as E.164."""
    try:
        return connector_class(connector).capabilities.msisdn
    except UnknownConnector:
        return MsisdnForm()


def all_forms() -> list[MsisdnForm]:
    """How all carriers write an MSISDN."""
    return list(dict.fromkeys((MsisdnForm(), *(known.capabilities.msisdn for known in all_connectors().values()))))


def names_anywhere(iccid: str) -> list[str]:
    """Every ICCID under which some carrier may know the card; the caller then checks the SIM's own carrier."""
    return list(dict.fromkeys(name for known in all_connectors().values() for name in (iccid, *known.names_of(iccid))))


def ways_to_write(msisdn: str, forms: Iterable[MsisdnForm]) -> list[str]:
    """This number, given with or without its country code, as the carriers may write it."""
    ways = [msisdn]
    for form in forms:
        if written := form.written(msisdn):
            ways += [written, form.whole(written)]
    return list(dict.fromkeys(ways))
