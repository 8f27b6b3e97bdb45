"""The three roles of staff, as Django groups, and what each may do."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser

from xuliu.party.models import Person
from xuliu.party.rights import Right

ADMINISTRATOR, FINANCE, SUPPORT = "administrator", "finance", "support"
RIGHTS: dict[str, frozenset[Right]] = {
    ADMINISTRATOR: frozenset(Right),
    FINANCE: frozenset({Right.SEE, Right.SEE_MONEY, Right.DECIDE, Right.REFUND, Right.SELL, Right.PAUSE}),
    SUPPORT: frozenset({Right.SEE, Right.DECIDE, Right.SHOW_CONTACTS}),
}


class Roles(BaseBackend):
    """Answers `has_perm` from a member's roles; signs nobody in."""

    def has_perm(self, user_obj: Person | AnonymousUser, perm: str, obj: Any = None) -> bool:
        """Whether one of the person's roles has the right. One query per request."""
        return perm in rights_of(user_obj)


def rights_of(person: Person | AnonymousUser) -> frozenset[Right]:
    """All the person's rights; none unless they are active staff. One query, cached on the person."""
    if not isinstance(person, Person) or not (person.is_active and person.is_staff):
        return frozenset()
    if person.is_superuser:
        return frozenset(Right)
    kept = vars(person)
    if "rights" not in kept:
        names = person.groups.values_list("name", flat=True)
        kept["rights"] = frozenset().union(*(RIGHTS.get(name, frozenset()) for name in names))
    rights: frozenset[Right] = kept["rights"]
    return rights
