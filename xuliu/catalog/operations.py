"""Changes prices and pauses offerings. A price once charged is never rewritten."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from psycopg.types.range import Range

from xuliu.catalog.models import Offering, Price
from xuliu.common import clock, switch
from xuliu.common.reasons import WhyCode
from xuliu.party.permission import needs
from xuliu.party.rights import Right


@needs(Right.SELL)
def store_offering(offering: Offering, *, fields: Sequence[str] | None = None) -> None:
    """Store a new offering, or these fields of an existing one."""
    offering.save(update_fields=fields)


class PriceInThePast(ValueError):
    """A price can only be set from now on; prices already charged stay as they were."""


@needs(Right.SELL)
@transaction.atomic
def set_price(*, offering_id: int, price_list_id: int, amount_minor: int, starts_at: datetime | None = None) -> Price:
    """Let an offering cost `amount_minor` from `starts_at` (default: now) until the next announced price, if any.

    The current price ends there and stays in the history. A price announced for the same instant is replaced. Setting
    the same amount again changes nothing and returns the current price. Raises PriceInThePast, Offering.DoesNotExist.
    """
    now = clock.now()
    starts_at = starts_at or now
    if starts_at < now:
        raise PriceInThePast(f"{starts_at} is past")
    Offering.objects.select_for_update().get(id=offering_id)  # one change of an offering's prices at a time
    prices = Price.objects.filter(offering=offering_id, price_list=price_list_id)
    running = prices.filter(valid__contains=starts_at).first()
    if running and running.amount_minor == amount_minor:
        return running
    ends_at = running.valid.upper if running else _next_start(prices, starts_at)
    if running and running.valid.lower == starts_at:
        running.delete()  # announced for this instant, not charged to anybody yet
    elif running:
        running.valid = Range(running.valid.lower, starts_at)
        running.save(update_fields=["valid"])
    return prices.create(
        offering_id=offering_id,
        price_list_id=price_list_id,
        amount_minor=amount_minor,
        valid=Range(starts_at, ends_at),
    )


@needs(Right.PAUSE)
def pause_offering(*, offering_id: int, why: WhyCode, detail: str = "") -> bool:
    """Stop selling it; returns whether it was on sale. Existing orders go on."""
    return bool(switch.pause(Offering, [offering_id], why=why, detail=detail))


@needs(Right.PAUSE)
def resume_offering(*, offering_id: int, why: WhyCode | None = None, detail: str = "") -> bool:
    """Sell it again; returns whether it was paused."""
    return bool(switch.resume(Offering, [offering_id], why=why, detail=detail))


def _next_start(prices: QuerySet[Price], after: datetime) -> datetime | None:
    later = prices.filter(valid__startswith__gt=after).order_by("valid").first()
    return later.valid.lower if later else None
