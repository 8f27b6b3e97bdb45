"""The table of cases."""

import pytest
from django.urls import reverse

from tests import sales
from tests.make import make_shop
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import signed_in
from xuliu.ordering.patience import OverdueCase
from xuliu.ticket.models import Case
from xuliu.ticket.operations import open_case

pytestmark = pytest.mark.django_db
WHAT_WAITS = {
    OverdueCase.CARRIER_ACCOUNT: "carrieraccount",
    OverdueCase.OFFERING: "offering",
    OverdueCase.LINE: "orderline",
    OverdueCase.LOOK_BACK: "orderline",
    OverdueCase.SELLER: "seller",
    OverdueCase.ORDER: "order",
    OverdueCase.PROVIDER_ACCOUNT: "provideraccount",
    OverdueCase.PAYMENT: "payment",
    OverdueCase.REFUND: "refund",
    OverdueCase.NOTICE: "notice",
}


def test_the_case_of_whatever_waits_leads_to_it() -> None:
    assert set(WHAT_WAITS) == set(OverdueCase)
    for kind, what in WHAT_WAITS.items():
        open_case(kind, (what, 7), {"count": 3, "since": "2026-11-22T08:00:00Z"})

    text = signed_in(people.olga()).get(reverse("admin:ticket_case_changelist")).content.decode()

    assert [what for what in WHAT_WAITS.values() if f"/{what}/7/change/" not in text] == []


def test_a_case_is_headed_by_what_happened_and_tells_its_facts_in_words() -> None:
    line = sales.make_held_back(make_shop())
    case = Case.objects.get(kind="line_held_back", subject_id=line.pk)
    client = signed_in(people.olga())

    page = client.get(
        reverse("admin:ticket_case_change", args=[case.pk]), headers={"Accept-Language": "en"}
    ).content.decode()

    assert "Case · Not sent: the carrier shows less than was proven" in page
    assert "<dt>Last day served, as proven</dt>" in page
    assert "end_proven" not in page
