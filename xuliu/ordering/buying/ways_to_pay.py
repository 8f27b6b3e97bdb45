"""Ways to pay: how a seller can be paid in a currency, and through which account now."""

from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.payment.accounts import capabilities_of
from xuliu.payment.contract import Way
from xuliu.payment.models import ProviderAccount


def ways_to_pay(seller_id: int, currency: str) -> dict[str, Way]:
    """The ways in which the seller can be paid in that currency, by code; paused accounts count too."""
    taking = [
        capabilities
        for account in ProviderAccount.objects.filter(seller_id=seller_id).order_by("id")
        if currency in (capabilities := capabilities_of(account)).currencies
    ]
    return {way.code: way for capabilities in taking for way in capabilities.ways}


def provider_account(seller_id: int, currency: str, way: str) -> ProviderAccount:
    """The seller's account for that currency and way now. Raises CannotPlace."""
    accounts = ProviderAccount.objects.filter(seller_id=seller_id).order_by("id")
    fitting = [account for account in accounts if _takes(account, way, currency)]
    if not fitting:
        raise CannotPlace(RefusalCode.NO_PROVIDER)
    for account in fitting:
        if account.paused_at is None:
            return account
    raise CannotPlace(RefusalCode.PROVIDER_PAUSED)


def _takes(account: ProviderAccount, way: str, currency: str) -> bool:
    capabilities = capabilities_of(account)
    return currency in capabilities.currencies and way in {one.code for one in capabilities.ways}
