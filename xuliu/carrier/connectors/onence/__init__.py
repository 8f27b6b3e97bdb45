"""1NCE."""

from xuliu.carrier.connectors.onence.connector import Connector as Connector
