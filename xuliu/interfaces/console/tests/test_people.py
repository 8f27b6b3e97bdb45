"""People and what their plain page hides: contacts, roles, a second factor that was lost."""

import re

import pytest
from django.urls import reverse

from xuliu.common.models import Event
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import PASSWORD, signed_in
from xuliu.party.models import Person
from xuliu.party.operations import add_contact
from xuliu.party.roles import FINANCE

pytestmark = pytest.mark.django_db


def test_contacts_are_masked_until_somebody_allowed_looks_and_that_is_written_down() -> None:
    olga, sun, fei = people.olga(), people.sun(), people.fei()
    add_contact(olga, kind="phone", value="13800138000")
    add_contact(olga, kind="mail", value="olga@example.com")
    address = reverse("admin:person_private", args=[olga.pk])
    page = signed_in(sun).get(address).content.decode()
    assert "+86138****8000" in re.sub(r"\s", "", page)
    assert "o***@example.com" in page
    assert "13800138000" not in page
    assert not Event.objects.filter(kind="person", became="SHOWN").exists()
    shown = signed_in(sun).post(address, {"wants": "show"}).content.decode()
    assert "+8613800138000" in shown
    event = Event.objects.get(kind="person", became="SHOWN")
    assert (event.subject_id, event.actor_id) == (olga.pk, sun.pk)
    assert signed_in(fei).get(address).status_code == 403
    assert signed_in(fei).post(address, {"wants": "show"}).status_code == 403


def test_olga_hires_a_colleague_who_can_then_sign_in() -> None:
    client = signed_in(people.olga())
    form = {
        "sign_in_name": "hao",
        "display_name": "郝",
        "is_active": "on",
        "roles": [FINANCE],
        "new_password": PASSWORD,
    }
    assert client.post(reverse("admin:party_person_add"), {**form, "new_password": "short"}).status_code == 200
    answer = client.post(reverse("admin:party_person_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    hao = Person.objects.get(sign_in_name="hao")
    assert (hao.is_staff, hao.check_password(PASSWORD), list(hao.groups.values_list("name", flat=True))) == (
        True,
        True,
        [FINANCE],
    )
    client.post(reverse("admin:party_person_change", args=[hao.pk]), {**form, "roles": [], "new_password": ""})
    hao.refresh_from_db()
    assert (hao.is_staff, hao.check_password(PASSWORD)) == (False, True)
    assert Event.objects.filter(kind="person", subject_id=hao.pk, became="ROLES").count() == 2


def test_a_lost_second_factor_is_taken_away_by_somebody_else_with_a_reason() -> None:
    olga, sun = people.olga(), people.sun()
    client = signed_in(olga)
    client.post(reverse("admin:person_factor", args=[sun.pk]), {"why": ""})
    client.post(reverse("admin:person_factor", args=[olga.pk]), {"why": "mine"})
    assert signed_in(sun).get("/console/").status_code == 200
    client.post(reverse("admin:person_factor", args=[sun.pk]), {"why": "phone stolen; seen in person"})
    assert signed_in(sun).get("/console/").headers["Location"] == reverse("mfa_activate_totp")
    event = Event.objects.get(kind="person", became="NO_SECOND_FACTOR")
    assert (event.subject_id, event.actor_id) == (sun.pk, olga.pk)
    assert signed_in(olga).get("/console/").status_code == 200


def test_what_opens_a_persons_contacts_is_no_case_that_is_open() -> None:
    address = reverse("admin:party_person_change", args=[people.sun().pk])
    page = signed_in(people.olga()).get(address, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert re.search(r'href="../private/">打开<', page)
