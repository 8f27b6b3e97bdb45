"""People's contacts, and merchants and sellers in sets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import F

from xuliu.common import crypto
from xuliu.party.contacts import normalised, purpose
from xuliu.party.models import Contact, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerGiven:
    """A seller to be made. `name` and `contact_text` are {locale: text}, zh-hans required in the name."""

    code: str
    name: Mapping[str, str]
    tax_number: str = ""
    receipt_prefix: str = "XL"
    contact_text: Mapping[str, str] = field(default_factory=dict)


def add_contact(person: Person, *, kind: str, value: str, verified_at: datetime | None = None) -> Contact:
    """Store a phone number or mail address, sealed; storing it again only records that it was proven.

    Raises ValueError for anything else, IntegrityError if somebody else has proven it to be theirs and this person
    claims the same.
    """
    clean = normalised(kind, value)
    key_id, sealed = crypto.seal(clean.encode(), purpose=purpose(kind))
    contact, is_new = Contact.objects.get_or_create(
        person=person,
        kind=kind,
        index=crypto.keyed_hash(clean, purpose=purpose(kind)),
        defaults={"key_id": key_id, "sealed": sealed, "verified_at": verified_at},
    )
    if verified_at and not is_new and not contact.verified_at:
        contact.verified_at = verified_at
        contact.save(update_fields=["verified_at"])
    return contact


def end_sessions(person: Person) -> None:
    """End all of the person's sessions, on all devices; the current one survives if `update_session_auth_hash` follows.
    Called whenever password, second factor, roles or the right to sign in change."""
    Person.objects.filter(id=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])


def ensure_merchants(names: Mapping[str, str]) -> dict[str, int]:
    """Create missing merchants and rename those whose name differs; returns the ids by code.

    `names` are by code; an empty name keeps the old one, and a new merchant then goes by its code.
    """
    codes = sorted(names)
    return _ids_by_code(MERCHANTS, [codes, [names[code] for code in codes]])


def ensure_sellers(sellers: Sequence[SellerGiven]) -> dict[str, int]:
    """Create missing sellers; existing ones stay unchanged. Returns the ids by code."""
    ordered = sorted(sellers, key=lambda seller: seller.code)
    columns = [
        [seller.code for seller in ordered],
        [json.dumps(dict(seller.name), ensure_ascii=False) for seller in ordered],
        [seller.tax_number for seller in ordered],
        [seller.receipt_prefix for seller in ordered],
        [json.dumps(dict(seller.contact_text), ensure_ascii=False) for seller in ordered],
    ]
    return _ids_by_code(SELLERS, columns)


def _ids_by_code(sql: str, columns: list[list[str]]) -> dict[str, int]:
    """One statement; a second one if another process created some of them at the same moment."""
    found: dict[str, int] = {}
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(sql, columns)
            found = dict(cursor.fetchall())
        if len(found) == len(set(columns[0])):
            break
    return found


MERCHANTS = """
    WITH given AS (SELECT * FROM unnest(%s::text[], %s::text[]) AS g(code, name)),
    written AS (
        INSERT INTO party_merchant AS m (code, name)
        SELECT g.code, COALESCE(NULLIF(g.name, ''), g.code) FROM given g
        LEFT JOIN party_merchant old USING (code) WHERE old.id IS NULL OR g.name NOT IN ('', old.name)
        ON CONFLICT (code) DO UPDATE SET name = excluded.name
        RETURNING code, id)
    SELECT code, id FROM written UNION SELECT code, id FROM party_merchant JOIN given USING (code)"""

SELLERS = """
    WITH given AS (
        SELECT * FROM unnest(%s::text[], %s::jsonb[], %s::text[], %s::text[], %s::jsonb[])
            AS g(code, name, tax_number, receipt_prefix, contact_text)),
    written AS (
        INSERT INTO party_seller (code, name, tax_number, receipt_prefix, contact_text, last_receipt_number)
        SELECT g.*, 0 FROM given g
        ON CONFLICT (code) DO NOTHING RETURNING code, id)
    SELECT code, id FROM written UNION SELECT code, id FROM party_seller JOIN given USING (code)"""
