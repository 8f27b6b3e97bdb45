"""Who is who."""

from dataclasses import dataclass
from datetime import datetime

from xuliu.common import crypto
from xuliu.party.contacts import normalised, purpose
from xuliu.party.models import Contact, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSeen:
    """A contact, unsealed. Never log it."""

    id: int
    kind: str
    value: str
    verified_at: datetime | None


def contacts_of(person: Person) -> list[ContactSeen]:
    """The person's phone numbers and mail addresses, unsealed, oldest first. Raises CannotOpen."""
    return [
        ContactSeen(
            id=contact.pk,
            kind=contact.kind,
            value=crypto.unseal(contact.key_id, bytes(contact.sealed), purpose=purpose(contact.kind)).decode(),
            verified_at=contact.verified_at,
        )
        for contact in Contact.objects.filter(person=person).order_by("id")
    ]


def person_by_contact(*, kind: str, value: str) -> Person | None:
    """The person who has proven that this phone number or mail address is theirs. Raises ValueError."""
    index = crypto.keyed_hash(normalised(kind, value), purpose=purpose(kind))
    return Person.objects.filter(
        contacts__kind=kind, contacts__index=index, contacts__verified_at__isnull=False, is_active=True
    ).first()
