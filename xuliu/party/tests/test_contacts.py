import pytest
from django.db import IntegrityError, connection, transaction

from xuliu.common import clock
from xuliu.party.contacts import normalised
from xuliu.party.models import Contact, Person
from xuliu.party.operations import add_contact
from xuliu.party.queries import contacts_of, person_by_contact


def make_person(name: str) -> Person:
    return Person.objects.create_user(name, display_name=name.title())


@pytest.mark.django_db
def test_a_phone_number_is_stored_so_that_the_table_tells_nothing() -> None:
    lin = make_person("lin")

    add_contact(lin, kind="phone", value="138 0013 8000")

    with connection.cursor() as cursor:
        cursor.execute("SELECT contact::text, encode(sealed, 'escape') FROM party_contact AS contact")
        row = str(cursor.fetchone())
    assert "13800138000" not in row
    assert [(contact.kind, contact.value) for contact in contacts_of(lin)] == [("phone", "+8613800138000")]


@pytest.mark.django_db
def test_a_person_is_found_by_a_contact_that_they_proved_however_it_is_written() -> None:
    lin = make_person("lin")
    add_contact(lin, kind="phone", value="13800138000", verified_at=clock.now())
    add_contact(lin, kind="mail", value="Lin@Shop.example", verified_at=clock.now())

    assert person_by_contact(kind="phone", value="+86 138-0013-8000") == lin
    assert person_by_contact(kind="phone", value="0086 13800138000") == lin
    assert person_by_contact(kind="mail", value=" lin@shop.EXAMPLE ") == lin
    assert person_by_contact(kind="phone", value="13800138001") is None


@pytest.mark.django_db
def test_mallory_gains_nothing_by_claiming_lins_number() -> None:
    lin, mallory = make_person("lin"), make_person("mallory")
    add_contact(mallory, kind="phone", value="13800138000")
    assert person_by_contact(kind="phone", value="13800138000") is None

    add_contact(lin, kind="phone", value="13800138000", verified_at=clock.now())

    assert person_by_contact(kind="phone", value="13800138000") == lin
    with pytest.raises(IntegrityError, match="contact_proven_by_one_person"), transaction.atomic():
        add_contact(mallory, kind="phone", value="13800138000", verified_at=clock.now())


@pytest.mark.django_db
def test_the_same_contact_again_only_notes_that_it_was_proven() -> None:
    lin = make_person("lin")

    add_contact(lin, kind="phone", value="13800138000")
    add_contact(lin, kind="phone", value="+8613800138000", verified_at=clock.now())

    assert Contact.objects.get().verified_at is not None


@pytest.mark.django_db
def test_somebody_who_left_is_not_found() -> None:
    mei = make_person("mei")
    add_contact(mei, kind="phone", value="13800138000", verified_at=clock.now())

    Person.objects.filter(pk=mei.pk).update(is_active=False)

    assert person_by_contact(kind="phone", value="13800138000") is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", ""),
        ("phone", "110x"),
        ("phone", "+" + "1" * 16),
        ("phone", "lin@shop.example"),
        ("mail", "lin"),
        ("mail", "lin@shop"),
        ("mail", "a b@shop.example"),
        ("fax", "13800138000"),
    ],
)
def test_what_is_neither_phone_nor_mail_is_refused(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"not a|valid"):
        normalised(kind, value)


@pytest.mark.django_db
def test_nobody_is_nameless() -> None:
    with pytest.raises(IntegrityError, match="person_has_a_name"), transaction.atomic():
        make_person("")
