"""What administrators do about staff. Every act leaves an event."""

from collections.abc import Sequence

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction

from xuliu.common import actor
from xuliu.common.deciding import CannotDecide, NotDecided, PersonReason, check_reason
from xuliu.common.events import record
from xuliu.party.models import Person
from xuliu.party.operations import add_contact, end_sessions
from xuliu.party.permission import needs
from xuliu.party.queries import ContactSeen, contacts_of
from xuliu.party.rights import Right
from xuliu.party.roles import RIGHTS


@needs(Right.EMPLOY)
def give_role(person: Person, role: str) -> None:
    """Make the person staff with this role, from their next sign-in on. Raises KeyError for an unknown one."""
    RIGHTS[role]
    if not person.is_staff:
        person.is_staff = True
        person.save(update_fields=["is_staff"])
    person.groups.add(Group.objects.get_or_create(name=role)[0])
    end_sessions(person)


@needs(Right.EMPLOY)
def store_person(person: Person, *, roles: Sequence[str], new_password: str = "") -> bool:
    """Store a person with exactly these roles, and a new password if one is given. Returns whether their sessions were
    ended, because password, roles or the right to sign in changed."""
    with transaction.atomic():
        before = Person.objects.filter(id=person.pk).values_list("is_active", flat=True).first()
        if new_password:
            person.set_password(new_password)
        person.is_staff = bool(roles) or person.is_superuser
        person.save()
        has_new_roles = _give_exactly(person, roles)
        if new_password and before is not None:
            record(person, was="PASSWORD", became="NEW_PASSWORD")
        is_over = bool(new_password) or has_new_roles or before is not person.is_active
        if is_over:
            end_sessions(person)
    return is_over


@needs(Right.EMPLOY)
def sign_out_everywhere(person: Person) -> None:
    """End all the person's sessions, for example after a laptop was stolen."""
    with transaction.atomic():
        end_sessions(person)
        record(person, was="SESSIONS", became="SESSIONS_ENDED")


@needs(Right.EMPLOY)
def take_away_factor(person: Person, *, why: str) -> None:
    """Remove the second factor of a colleague who lost it; they set up a new one when they sign in.

    Raises CannotDecide without a reason, or for one's own factor.
    """
    check_reason(why)
    if person.pk == actor.current().id:
        raise CannotDecide(NotDecided.OWN_FACTOR)
    with transaction.atomic():
        end_sessions(person)
        Authenticator.objects.filter(user_id=person.pk).delete()
        record(person, was="SECOND_FACTOR", became="NO_SECOND_FACTOR", why=PersonReason.A_PERSON_SAYS, detail=why)


@needs(Right.EMPLOY)
def enter_contact(person: Person, *, kind: str, value: str) -> None:
    """Store a contact of the person's. Raises ValueError unless it is a phone number or mail address."""
    with transaction.atomic():
        add_contact(person, kind=kind, value=value)
        record(person, was="CONTACT", became="CONTACT_ADDED")


@needs(Right.SHOW_CONTACTS)
def show_contacts(person: Person) -> list[ContactSeen]:
    """The person's contacts, unsealed. Raises CannotOpen."""
    record(person, was="HIDDEN", became="SHOWN")
    return contacts_of(person)


def _give_exactly(person: Person, roles: Sequence[str]) -> bool:
    """Set the roles; returns whether they changed."""
    had, wanted = sorted(person.groups.values_list("name", flat=True)), sorted(roles)
    if had == wanted:
        return False
    person.groups.set(Group.objects.filter(name__in=wanted))
    changed = f"{', '.join(had) or '–'} → {', '.join(wanted) or '–'}"
    record(person, was="ROLES", became="ROLES", detail=changed)
    return True
