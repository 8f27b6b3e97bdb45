"""Random codes: what is reachable without sign-in is addressed by one of these, never by a number."""

import secrets

from xuliu.common import signs

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread
# The 256 values of a byte fall evenly on 32 characters. Drawing each character by itself took 100 times as long.
_CHARACTERS = (ALPHABET * 8).encode("ascii")


# None of these letters is in the alphabet, so whoever reads one has seen the digit.
_MISREAD = str.maketrans("oil", "011", " -")


def code_in(typed: str, *, length: int = 26) -> str:
    """The code in what somebody typed, read out, or pasted with the whole link around it; "" where there is none."""
    link = typed.translate(signs.ALIKE).strip(" '.,;").partition("?")[0].partition("#")[0]
    code = link.rstrip("/").rpartition("/")[2].lower().translate(_MISREAD)
    return code if len(code) == length and set(code) <= set(ALPHABET) else ""


def new_code(length: int = 26) -> str:
    """A random code of 5 bits a character: 26 characters are 130 bits."""
    return secrets.token_bytes(length).translate(_CHARACTERS).decode("ascii")
