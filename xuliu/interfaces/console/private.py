"""What a person's plain page hides: contacts, shown one look at a time, the second factor, the end of sessions."""

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.common.events import record
from xuliu.interfaces.console.gate import has_second_factor
from xuliu.interfaces.wording.decisions import REASON_NEEDED
from xuliu.party.models import Contact, Person
from xuliu.party.operations import add_contact, end_sessions
from xuliu.party.queries import ContactSeen, contacts_of
from xuliu.party.rights import Right

WORDS = {Contact.Kind.PHONE: _("Phone"), Contact.Kind.MAIL: _("Mail")}


def show(request: HttpRequest, person_id: int) -> HttpResponse:
    """The contacts, masked; asked for by POST they are shown, and that leaves an event."""
    if not (request.user.has_perm(Right.SHOW_CONTACTS) or request.user.has_perm(Right.EMPLOY)):
        raise PermissionDenied
    person = get_object_or_404(Person, id=person_id)
    wants = request.POST.get("wants", "") if request.method == "POST" else ""
    if wants == "add":
        return _added(request, person)
    is_open = wants == "show"
    if is_open:
        if not request.user.has_perm(Right.SHOW_CONTACTS):
            raise PermissionDenied
        record(person, was="HIDDEN", became="SHOWN", why="contacts")
    context = {
        **site.each_context(request),
        "title": str(person),
        "person": person,
        "contacts": [_contact(contact, is_open=is_open) for contact in contacts_of(person)],
        "is_open": is_open,
        "may_show": request.user.has_perm(Right.SHOW_CONTACTS),
        "may_employ": request.user.has_perm(Right.EMPLOY),
        "has_factor": has_second_factor(person),
    }
    return render(request, "console/private.html", context)


def reset_factor(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take away the second factor of a colleague who lost it; they set up a new one when they sign in."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(Right.EMPLOY):
        raise PermissionDenied
    person = get_object_or_404(Person, id=person_id)
    why = request.POST.get("why", "").strip()[:300]
    if not why:
        messages.error(request, REASON_NEEDED)
    elif person.pk == request.user.pk:
        messages.error(request, _("Your own second factor you change on your own page."))
    else:
        with transaction.atomic():
            Authenticator.objects.filter(user_id=person.pk).delete()
            end_sessions(person)
            record(person, was="SECOND_FACTOR", became="NO_SECOND_FACTOR", why=why)
        messages.success(request, _("The second factor is taken away. At the next sign-in a new one is set up."))
    return redirect("admin:person_private", person_id)


def end_all_sessions(request: HttpRequest, person_id: int) -> HttpResponse:
    """Sign the person out everywhere, such as after a laptop was stolen; of oneself, everywhere but here."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(Right.EMPLOY):
        raise PermissionDenied
    person = get_object_or_404(Person, id=person_id)
    with transaction.atomic():
        end_sessions(person)
        record(person, was="SESSIONS", became="SESSIONS_ENDED")
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
    if not request.user.has_perm(Right.EMPLOY):
        raise PermissionDenied
    try:
        add_contact(person, kind=request.POST.get("kind", ""), value=request.POST.get("value", "")[:200])
    except ValueError:
        messages.error(request, _("That is neither a phone number nor a mail address."))
    else:
        record(person, was="CONTACT", became="CONTACT_ADDED")
        messages.success(request, _("Stored."))
    return redirect("admin:person_private", person.pk)


def _contact(contact: ContactSeen, *, is_open: bool) -> tuple[str, str, str]:
    value = contact.value if is_open else masked(contact.kind, contact.value)
    proven = gettext("proven") if contact.verified_at else gettext("not proven")
    return str(WORDS.get(Contact.Kind(contact.kind), contact.kind)), value, proven
