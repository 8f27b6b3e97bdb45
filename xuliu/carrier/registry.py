"""The connectors: every folder in `connectors/`. No Django."""

from xuliu.carrier import connectors
from xuliu.carrier.contract import Connector
from xuliu.common.discovery import dropped_in


class UnknownConnector(Exception):
    """No connector has this code."""


def all_connectors() -> dict[str, type[Connector]]:
    """The connector classes by their code."""
    return dropped_in(connectors, "Connector")


def connector_class(code: str) -> type[Connector]:
    """The connector with that code. Raises UnknownConnector."""
    try:
        return all_connectors()[code]
    except KeyError:
        raise UnknownConnector(f"no carrier connector has the code {code!r}") from None
