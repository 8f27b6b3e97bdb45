"""Permission is inside the action: whoever calls it, from a page, an API or a shell, gets the same answer."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.lints import sources
from xuliu.common.actor import VISITOR, WORKER, Actor, acting, current
from xuliu.config.visitors import VisitorsUntilNamed
from xuliu.party.models import Person
from xuliu.party.permission import NotAllowed, StaffAction, may
from xuliu.party.rights import Right
from xuliu.party.roles import ADMINISTRATOR, FINANCE, RIGHTS, SUPPORT
from xuliu.party.staff import give_role

ACTIONS = {
    "carrier.accounts.set_credentials": Right.CONFIGURE,
    "carrier.operations.pause": Right.PAUSE,
    "carrier.operations.resume": Right.PAUSE,
    "catalog.operations.pause_offering": Right.PAUSE,
    "catalog.operations.resume_offering": Right.PAUSE,
    "catalog.operations.set_price": Right.SELL,
    "catalog.operations.store_offering": Right.SELL,
    "ordering.delivering.decide.accept": Right.REFUND,
    "ordering.delivering.decide.ask_again": Right.DECIDE,
    "ordering.delivering.decide.refund": Right.REFUND,
    "ordering.delivering.decide.send_again": Right.DECIDE,
    "ordering.delivering.decide.send_on_reading": Right.DECIDE,
    "party.staff.enter_contact": Right.EMPLOY,
    "party.staff.give_role": Right.EMPLOY,
    "party.staff.show_contacts": Right.SHOW_CONTACTS,
    "party.staff.sign_out_everywhere": Right.EMPLOY,
    "party.staff.store_person": Right.EMPLOY,
    "party.staff.take_away_factor": Right.EMPLOY,
    "payment.accounts.pause": Right.PAUSE,
    "payment.accounts.resume": Right.PAUSE,
    "payment.accounts.set_credentials": Right.CONFIGURE,
    "payment.anew.ask_anew": Right.REFUND,
    "payment.anew.ask_now": Right.DECIDE,
    "payment.anew.send_again": Right.REFUND,
    "payment.outside.enter": Right.REFUND,
    "payment.outside.give_back_rest": Right.REFUND,
    "ticket.operations.close_case": Right.DECIDE,
}
# What a page shows is asked for there; what is done, by the action.
ASKED_BY_PAGES = {"Right.SEE", "Right.SEE_MONEY"}
# By steps alone, never by a person.
TURNED_BY_STEPS = {"pause_itself"}


def test_every_action_is_known_with_its_right() -> None:
    assert {name: action.right for name, action in _actions().items()} == ACTIONS


@pytest.mark.parametrize("name", sorted(ACTIONS))
@pytest.mark.django_db
def test_an_action_is_refused_to_whoever_has_not_its_right_and_nothing_is_changed(name: str) -> None:
    action = _actions()[name]
    for actor, rights in _everybody():
        if action.right in rights:
            continue
        with (
            acting(actor),
            CaptureQueriesContext(
                connection,
            ) as asked,
            pytest.raises(NotAllowed) as refused,
        ):
            action(**dict.fromkeys(inspect.signature(action).parameters, 0))
        assert refused.value.right is action.right
        assert all(query["sql"].startswith("SELECT") for query in asked), (actor, asked.captured_queries)


@pytest.mark.django_db
def test_a_page_hides_what_the_action_would_refuse_and_shows_the_rest() -> None:
    for actor, rights in _everybody():
        if actor.kind == "person" and (person := Person.objects.filter(id=actor.id).first()) is not None:
            assert {name for name, action in _actions().items() if may(person, action)} == {
                name for name, right in ACTIONS.items() if right in rights
            }


def test_no_page_asks_for_a_right_that_an_action_asks_for() -> None:
    found = [
        sources.at(path, node, f"{ast.unparse(node)}: ask `may` of the action")
        for path in sources.python(tests=False)
        if path.is_relative_to("xuliu/interfaces")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("has_perm")
        and ast.unparse(node.args[0]).startswith("Right.")
        and ast.unparse(node.args[0]) not in ASKED_BY_PAGES
    ]
    assert not found, sources.report(found)


def test_whatever_a_person_decides_and_whatever_turns_a_switch_takes_a_right() -> None:
    found = [
        sources.at(path, function, f"{function.name} names no right")
        for path in sources.python(tests=False, migrations=False)
        if path.parts[0] == "xuliu" and path.parts[1] not in ("common", "party")
        for function in ast.walk(sources.tree(path))
        if isinstance(function, ast.FunctionDef)
        and (_calls(function) & {"deciding_person", "switch.pause", "switch.resume"})
        and function.name not in TURNED_BY_STEPS
        and not any(ast.unparse(decorator).startswith("needs(") for decorator in function.decorator_list)
    ]
    assert not found, sources.report(found)


def test_steps_and_commands_may_and_the_web_is_not_taken_for_them() -> None:
    action = _actions()["carrier.operations.pause"]
    for trusted in (WORKER, Actor("command", label="topup")):
        with acting(trusted), pytest.raises(TypeError):  # it was let in, and given nothing to do
            action()
    assert settings.MIDDLEWARE[0] == "xuliu.config.visitors.VisitorsUntilNamed"
    found = VisitorsUntilNamed(lambda _request: HttpResponse(current().kind))(RequestFactory().get("/"))
    assert found.getvalue() == b"visitor"  # type: ignore[attr-defined]  # an HttpResponse, as was given


def _everybody() -> Iterator[tuple[Actor, frozenset[Right]]]:
    """Each kind of actor there is, but for steps and commands, with what they may do."""
    for role in ("", SUPPORT, FINANCE, ADMINISTRATOR):
        person = Person.objects.create_user(f"{role or 'nobody'}")
        if role:
            give_role(person, role)
        yield Actor("person", person.pk), RIGHTS.get(role, frozenset())
    gone = Person.objects.create_user("gone", is_active=False)
    give_role(gone, ADMINISTRATOR)
    yield Actor("person", gone.pk), frozenset()
    for stranger in (Actor("person", 0), Actor("person"), VISITOR, Actor("provider", 1), Actor("carrier", 1)):
        yield stranger, frozenset()


@cache
def _actions() -> dict[str, StaffAction[..., Any]]:
    """By the names of their modules and their own."""
    found = {}
    for path in sources.python(tests=False, migrations=False):
        if path.parts[0] == "xuliu" and "@needs(" in sources.text(path):
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            for name, value in vars(module).items():
                if isinstance(getattr(value, "right", None), Right) and value.__module__ == module.__name__:
                    found[f"{module.__name__}.{name}".removeprefix("xuliu.")] = value
    return found


def _calls(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
