"""Checks that must pass before a process may serve or work for real."""

from django.conf import settings

from xuliu.carrier.models import CarrierAccount
from xuliu.cli.failure import CommandFailed
from xuliu.cli.tables import refuse_unfit_tables
from xuliu.config.environment import DEMO_SECRET
from xuliu.payment.models import ProviderAccount


def refuse_unfit(*, is_demo: bool) -> None:
    """Raise CommandFailed if the tables do not fit the code or, outside a demonstration, something is not real."""
    refuse_unfit_tables()
    if is_demo:
        return
    if settings.XULIU_SECRET == DEMO_SECRET:
        raise CommandFailed("XULIU_SECRET is the demo secret; make one (openssl rand -hex 32), or add --demo.")
    if settings.DEBUG:
        raise CommandFailed("XULIU_DEBUG is on and would show strangers our insides; unset it, or add --demo.")
    for kind, accounts in (("Carrier", CarrierAccount.objects), ("Provider", ProviderAccount.objects)):
        code = accounts.filter(is_sandbox=True).values_list("code", flat=True).first()
        if code is not None:
            raise CommandFailed(f"{kind} account {code} is a sandbox; remove it, or add --demo.")
