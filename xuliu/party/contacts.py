"""Normalises phone numbers and mail addresses, so that an equal one is found again."""

import re

from xuliu.party.models import Contact

# ITU-T E.164: at most 15 digits. A number without a country code is Chinese, as people here write it.
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{1,63}")
HOME_COUNTRY = "+86"


def normalised(kind: str, value: str) -> str:
    """`138 0013 8000` as `+8613800138000`; a mail address in lower case. Raises ValueError for anything else."""
    clean = value.strip().lower()
    if kind == Contact.Kind.PHONE:
        clean = re.sub(r"[\s().-]", "", clean)
        clean = "+" + clean[2:] if clean.startswith("00") else clean
        clean = clean if clean.startswith("+") else HOME_COUNTRY + clean
    shape = {Contact.Kind.PHONE: _PHONE, Contact.Kind.MAIL: _MAIL}.get(Contact.Kind(kind))
    if shape is None or not shape.fullmatch(clean):
        raise ValueError(f"not a {kind}")
    return clean


def purpose(kind: str) -> str:
    """The purpose to which sealing and hash are bound."""
    return f"contact {kind}"
