"""China Mobile's OneLink."""

from xuliu.carrier.connectors.onelink.connector import Connector as Connector
