"""Random codes: what is reachable without sign-in is addressed by one of these, never by a number."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread


def new_code(length: int = 26) -> str:
    """A random code of 5 bits a character: 26 characters are 130 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
