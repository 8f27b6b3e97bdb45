"""Try an account at a carrier or a payment provider: what is right, what is wrong, what could not be tried."""

import argparse

from django.utils.translation import override

from xuliu.carrier import examining as at_carriers
from xuliu.carrier.models import CarrierAccount
from xuliu.cli import layout, speech
from xuliu.cli.failure import CommandFailed
from xuliu.cli.guard import refuse_unfit
from xuliu.common.findings import Finding, is_usable
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.accounts import FOUND
from xuliu.payment import examining as at_providers
from xuliu.payment.models import ProviderAccount


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which account."""
    parser.add_argument("account", metavar="carrier:CODE|provider:CODE", help="as the console names it")
    speech.add_language(parser)
    parser.add_argument("--demo", action="store_true", help="allow the demo secret and sandbox accounts")


def run(args: argparse.Namespace) -> int:
    """0 if the account can be used; an account that was waiting to be tried then takes money."""
    refuse_unfit(is_demo=args.demo)
    with override(args.language):
        findings = _examined(args.account)
        print("\n".join(layout.columns([_row(found) for found in findings], indent=2)))
    return 0 if is_usable(findings) else 1


def _examined(named: str) -> list[Finding]:
    kind, _colon, code = named.partition(":")
    if kind == "carrier" and (carrier_account := CarrierAccount.objects.filter(code=code).first()):
        return at_carriers.examine(carrier_account)
    if kind == "provider" and (provider_account := ProviderAccount.objects.filter(code=code).first()):
        return at_providers.examine(provider_account)
    raise CommandFailed(f"There is no account {named}; give {_known()}.")


def _known() -> str:
    carriers = [f"carrier:{code}" for code in CarrierAccount.objects.order_by("code").values_list("code", flat=True)]
    providers = [f"provider:{code}" for code in ProviderAccount.objects.order_by("code").values_list("code", flat=True)]
    return " or ".join([*carriers, *providers][:10]) or "carrier:CODE or provider:CODE, made in the console before"


def _row(found: Finding) -> tuple[str, str, str]:
    return str(FOUND[found.shown].text), figures.localised(found.about), figures.localised(found.why)
