"""Stores a SIM's service password so that nobody can read it.

A service password is a few digits on a slip of paper. No slow hash protects that: a million candidates are an
afternoon's work even for argon2, and 100,000 of them in an import file would take an hour and a half. So it is a
keyed hash (HMAC-SHA256) with a key that is not in the database, bound to the SIM's ICCID: a copy of the database
reveals nothing, equal passwords look different, and `look_ups` limits guessing.
"""

import hmac
import re
from collections.abc import Iterable

from xuliu.common import signs
from xuliu.common.crypto import keyed_hash

SHAPE = re.compile(r"[!-~]{4,32}")


def given(text: str) -> str:
    """The password from a cell or field: full width made plain, without invisible characters or a text mark."""
    plain = text.translate(signs.PLAIN).strip()
    is_marked = plain[:1] in ("'", "‘", "’") and plain[1:].isdecimal()
    return plain[1:] if is_marked else plain


def kept(iccid: str, password: str) -> str:
    """The stored hash of this SIM's password; deterministic, so that an unchanged one is recognised."""
    return f"keyed${keyed_hash(f'{iccid} {password}', purpose='service password').hex()}"


def fits(names: Iterable[str], password: str, stored: str) -> bool:
    """Whether this is the password of the SIM with those ICCIDs; never if it has none."""
    return any(hmac.compare_digest(kept(iccid, password), stored) for iccid in names)
