"""The kill switch of our accounts at carriers. The caller opens the case: cases are a package above."""

from collections.abc import Sequence

from xuliu.carrier.models import CarrierAccount
from xuliu.common import switch
from xuliu.common.reasons import WhyCode
from xuliu.party.permission import needs
from xuliu.party.rights import Right


@needs(Right.PAUSE)
def pause(account_ids: Sequence[int], *, why: WhyCode, detail: str = "") -> list[int]:
    """Send nothing through these accounts; returns those that were running, so that each gets one case."""
    return switch.pause(CarrierAccount, account_ids, why=why, detail=detail)


@needs(Right.PAUSE)
def resume(account_ids: Sequence[int], *, why: WhyCode | None = None, detail: str = "") -> list[int]:
    """Send through these accounts again; returns those that were paused."""
    CarrierAccount.objects.filter(id__in=account_ids).update(is_untried=False)  # "use it untried"
    return switch.resume(CarrierAccount, account_ids, why=why, detail=detail)
