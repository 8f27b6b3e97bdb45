"""What a person's main page hides: contacts (each look is recorded), the second factor, ending sessions."""

from django.contrib import messages
from django.contrib.admin import site
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.common.deciding import CannotDecide
from xuliu.interfaces.console.gate import has_second_factor
from xuliu.interfaces.wording.decisions import why_not
from xuliu.party import staff
from xuliu.party.models import Contact, Person
from xuliu.party.permission import may
from xuliu.party.queries import ContactSeen, contacts_of

WORDS = {Contact.Kind.PHONE: _("Phone"), Contact.Kind.MAIL: _("Mail")}


def show(request: HttpRequest, person_id: int) -> HttpResponse:
    """The contacts, masked. A POST shows them and leaves an event."""
    can_show, can_employ = (may(request.user, action) for action in (staff.show_contacts, staff.enter_contact))
    if not (can_show or can_employ):
        raise PermissionDenied
    person = get_object_or_404(Person, id=person_id)
    wants = request.POST.get("wants", "") if request.method == "POST" else ""
    if wants == "add":
        return _added(request, person)
    is_open = wants == "show"
    contacts = staff.show_contacts(person) if is_open else contacts_of(person)
    context = {
        **site.each_context(request),
        "title": str(person),
        "person": person,
        "contacts": [_contact(contact, is_open=is_open) for contact in contacts],
        "is_open": is_open,
        "may_show": can_show,
        "may_employ": can_employ,
        "has_factor": has_second_factor(person),
    }
    return render(request, "console/private.html", context)


def reset_factor(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take away the second factor of a colleague who lost it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    person = get_object_or_404(Person, id=person_id)
    try:
        staff.take_away_factor(person, why=request.POST.get("why", "").strip()[:300])
    except CannotDecide as refused:
        messages.error(request, why_not("person", refused.code))
    else:
        messages.success(request, _("The second factor is taken away. At the next sign-in a new one is set up."))
    return redirect("admin:person_private", person_id)


def end_all_sessions(request: HttpRequest, person_id: int) -> HttpResponse:
    """Sign the person out everywhere; people who sign themselves out stay signed in here."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    person = get_object_or_404(Person, id=person_id)
    staff.sign_out_everywhere(person)
    if person == request.user:
        update_session_auth_hash(request, person)
        messages.success(request, _("You are signed out everywhere but here."))
    else:
        messages.success(request, _("%(person)s is signed out everywhere.") % {"person": person})
    return redirect("admin:person_private", person_id)


def masked(kind: str, value: str) -> str:
    """`+86138****8000`, `l***@example.com`."""
    if kind == Contact.Kind.MAIL:
        name, _at, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    return f"{value[:-8]}****{value[-4:]}" if len(value) > 8 else "****"


def _added(request: HttpRequest, person: Person) -> HttpResponse:
    try:
        staff.enter_contact(person, kind=request.POST.get("kind", ""), value=request.POST.get("value", "")[:200])
    except ValueError:
        messages.error(request, _("That is neither a phone number nor a mail address."))
    else:
        messages.success(request, _("Stored."))
    return redirect("admin:person_private", person.pk)


def _contact(contact: ContactSeen, *, is_open: bool) -> tuple[str, str, str]:
    value = contact.value if is_open else masked(contact.kind, contact.value)
    proven = gettext("proven") if contact.verified_at else gettext("not proven")
    return str(WORDS.get(Contact.Kind(contact.kind), contact.kind)), value, proven
