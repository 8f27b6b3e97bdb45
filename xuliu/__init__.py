"""Xuliu keeps point-of-sale terminals online: it looks up, tops up and renews the data SIMs inside them."""

__version__ = "0.2.0.dev0"
