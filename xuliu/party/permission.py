"""Permission: whether who acts may do what is about to be done.

An action names the right that it needs, with `needs`, and looks itself whether the actor has it: page, API and command
cannot differ. A page asks `may` of the same action, to hide a button.
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
# The steps, and whoever may start a command on the operator's machine.
TRUSTED = ("worker", "command")


class NotAllowed(PermissionDenied):
    """Who acts has not the right; nothing was done."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.value)
        self.right = right


class NeedsRight(Protocol):
    """What takes a right to do, whatever it is given."""

    right: Right


class StaffAction(NeedsRight, Protocol[Given, Result_co]):
    """A function that takes a right to call."""

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Result_co:
        """Do it. Raises NotAllowed."""


def needs(right: Right) -> Callable[[Callable[Given, Result_co]], StaffAction[Given, Result_co]]:
    """Make a function an action that takes this right of the person who acts; steps and commands may always. Visitors,
    providers and carriers may never. The action raises NotAllowed, before anything is done."""

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
    """Whether the action would be refused to this person; what is true of it may still keep it from being done."""
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
