from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.make import make_carrier, make_offering
from xuliu.catalog.models import Offering
from xuliu.common import clock


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        {"kind": "add_on", "months": 0, "size_bytes": 1},
        {"plan_code": "other"},
        {"months": 6},
        {"days": 1},
        {"size_bytes": 1},
        {"starts": "now"},
        {"after_expiry": "old_end"},
        {"is_directional": True},
        {"proof": "plan_listed"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_was_sold_stays_what_it_was(other: dict[str, Any]) -> None:
    offering = make_offering(code="year")

    with pytest.raises(IntegrityError, match="The terms of offering year never change"), transaction.atomic():
        Offering.objects.filter(pk=offering.pk).update(**other)


@pytest.mark.django_db
def test_an_offering_stays_with_its_carrier() -> None:
    offering = make_offering()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        Offering.objects.filter(pk=offering.pk).update(carrier=make_carrier())


@pytest.mark.django_db
def test_names_costs_taxes_and_the_pause_may_change() -> None:
    offering = make_offering()

    Offering.objects.filter(pk=offering.pk).update(
        name={"zh-hans": "新名字"}, cost_minor=7, tax_basis_points=900, paused_at=clock.now(), paused_why="too dear"
    )
    offering.refresh_from_db()
    offering.save()

    assert offering.cost_minor == 7
