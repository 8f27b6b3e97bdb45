"""The demonstration's comparison of books finds every difference, also one that the sums would hide."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override

from tests.world import World, drive_until, make_paid_order, make_sims
from xuliu.cli.demonstration import books
from xuliu.ordering.progress import progress

Spoil = Callable[[dict[str, Any]], None]


def paid_once_more(theirs: dict[str, Any]) -> None:
    """The provider took money that we do not know of."""
    theirs["providers"]["wechatpay"]["paid_minor"]["CNY"] += 3600


def paid_for_another(theirs: dict[str, Any]) -> None:
    """The same sum, for something else."""
    paid = theirs["providers"]["wechatpay"]["by_reference"]
    paid["another"] = paid.pop(next(iter(paid)))


def given_back(theirs: dict[str, Any]) -> None:
    """A refund that we did not ask for."""
    theirs["providers"]["wechatpay"]["refunds"].append({"reference": "r", "amount_minor": 1, "status": "success"})


def not_delivered(theirs: dict[str, Any]) -> None:
    """The carrier did nothing for a line that we call delivered."""
    theirs["carriers"]["onelink"]["effects"].clear()


def delivered_to_another(theirs: dict[str, Any]) -> None:
    """One effect, but on a SIM of somebody else."""
    theirs["carriers"]["onelink"]["effects"][0]["iccid"] = "89860400000000000000"


def delivered_twice(theirs: dict[str, Any]) -> None:
    """Two effects for one line."""
    effects = theirs["carriers"]["onelink"]["effects"]
    effects.append(dict(effects[0]))


def costs_more(theirs: dict[str, Any]) -> None:
    """The carrier wants more than we think that we owe."""
    theirs["carriers"]["onelink"]["cost_minor"]["CNY"] += 1


SPOILT: dict[Spoil, str] = {
    paid_once_more: "took in",
    paid_for_another: "took in",
    given_back: "gave back",
    not_delivered: "onelink: renewed",
    delivered_to_another: "onelink: renewed",
    delivered_twice: "onelink: renewed",
    costs_more: "onelink: owed to it",
}


@pytest.fixture
def theirs(world: World) -> dict[str, Any]:
    """The sandbox's books after one renewal."""
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: progress(order.pk).is_final)
    return dict(world.sandbox.control.books())


def test_every_difference_is_found_and_named(theirs: dict[str, Any]) -> None:
    assert books.at_rest()
    assert differing(theirs) == []
    for spoil, named in SPOILT.items():
        spoilt = copy.deepcopy(theirs)
        spoil(spoilt)
        found = differing(spoilt)
        assert [name for name in found if named in name], f"{spoil.__name__}: {found}"


def differing(theirs: dict[str, Any]) -> list[str]:
    """What the comparison says is not equal."""
    with override("en"):
        return [one.what for one in books.compare(theirs) if not one.is_equal]


def test_a_paid_line_under_way_is_no_rest(world: World) -> None:
    assert books.at_rest()
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: not books.at_rest())
    drive_until(world, lambda: progress(order.pk).is_final)
    assert books.at_rest()
