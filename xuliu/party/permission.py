"""Permission: whether the actor may do what is about to be done.

An action declares the right it needs with `needs`, and checks the actor itself, so that page, API and command cannot
differ. A page uses `may` with the same action to hide a button.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from xuliu.common import actor
from xuliu.party.models import Person
from xuliu.party.rights import Right
from xuliu.party.roles import rights_of

Given = ParamSpec("Given")
Result_co = TypeVar("Result_co", covariant=True)
# Steps, and people who can run commands on the operator's machine.
TRUSTED = ("worker", "command")


class NotAllowed(PermissionDenied):
    """The actor lacks the right; nothing was done."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.value)
        self.right = right


class NeedsRight(Protocol):
    """Something that needs a right, whatever its arguments."""

    right: Right


class StaffAction(NeedsRight, Protocol[Given, Result_co]):
    """A function that needs a right to call."""

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Result_co:
        """Do it. Raises NotAllowed."""


def needs(right: Right) -> Callable[[Callable[Given, Result_co]], StaffAction[Given, Result_co]]:
    """Turn a function into an action that requires this right of the person who acts. Steps and commands always may;
    visitors, providers and carriers never. The action raises NotAllowed before doing anything."""

    def guard(run: Callable[Given, Result_co]) -> StaffAction[Given, Result_co]:
        @wraps(run)
        def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Result_co:
            _require(right)
            return run(*args, **kwargs)

        action = cast("StaffAction[Given, Result_co]", guarded)
        action.right = right
        return action

    return guard


def may(person: Person | AnonymousUser, action: NeedsRight) -> bool:
    """Whether the person has the right to the action; it may still be refused for other reasons."""
    return action.right in rights_of(person)


def _require(right: Right) -> None:
    doer = actor.current()
    if doer.kind in TRUSTED:
        return
    if doer.kind != "person" or doer.id is None:
        raise NotAllowed(right)
    person = Person.objects.filter(id=doer.id).first()
    if person is None or right not in rights_of(person):
        raise NotAllowed(right)
