"""At the console's door: Olga operates, Fei keeps books, Sun supports, Lin owns a shop, Mallory is nobody."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from xuliu.party.models import Person
from xuliu.party.roles import ADMINISTRATOR, FINANCE, SUPPORT
from xuliu.party.staff import give_role

PASSWORD = "a long enough password"
STARTED_AT = 1_700_000_000


def make_person(name: str, role: str = "", *, has_factor: bool = True) -> Person:
    """Somebody who can sign in; staff where a role is given, with a second factor unless said otherwise."""
    person = Person.objects.create_user(name, PASSWORD)
    if role:
        give_role(person, role)
    if has_factor:
        give_factor(person)
    return person


def give_factor(person: Person) -> str:
    """Set up TOTP and recovery codes; returns the secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    return secret


def olga() -> Person:
    """The administrator."""
    return make_person("olga", ADMINISTRATOR)


def fei() -> Person:
    """Finance."""
    return make_person("fei", FINANCE)


def sun() -> Person:
    """Support."""
    return make_person("sun", SUPPORT)


def signed_in(person: Person, *, has_shown_factor: bool = True) -> Client:
    """A browser in which the person is signed in, by password and second factor."""
    client = Client()
    person.refresh_from_db()  # a session is of the epoch in which it began
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    methods = [{"method": "password", "at": STARTED_AT}]
    if has_shown_factor:
        methods.append({"method": "mfa", "at": STARTED_AT, "type": "totp"})
    session["account_authentication_methods"] = methods
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return client
