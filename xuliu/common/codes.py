"""Random codes: what is reachable without sign-in is addressed by one of these, never by a number."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread
# The 256 values of a byte fall evenly on 32 characters. Drawing each character by itself took 100 times as long.
_CHARACTERS = (ALPHABET * 8).encode("ascii")


def new_code(length: int = 26) -> str:
    """A random code of 5 bits a character: 26 characters are 130 bits."""
    return secrets.token_bytes(length).translate(_CHARACTERS).decode("ascii")
