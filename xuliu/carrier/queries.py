"""Reads of carrier accounts."""

from xuliu.carrier.models import CarrierAccount


def account_ids() -> list[int]:
    """The accounts that steps go through."""
    return list(CarrierAccount.objects.order_by("id").values_list("id", flat=True))
