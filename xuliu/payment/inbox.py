"""The inbox: stored notices, read by their provider, locked while they are applied."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from xuliu.common import stops
from xuliu.common.bounds import name
from xuliu.common.failures import error_text, kind_of
from xuliu.common.state import move
from xuliu.payment.accounts import provider_of
from xuliu.payment.bounds import NUMBER
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Malformed, StatusReport
from xuliu.payment.guarded import Guarded
from xuliu.payment.models import Notice, Payment, ProviderAccount
from xuliu.payment.operations import doubt
from xuliu.payment.reasons import NoticeReason
from xuliu.ticket.operations import SAME_FAILURES, failed_again, open_case

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNotice:
    """One notice and what it says. `merchant_number` is ours at that provider account."""

    notice_id: int
    account_id: int
    received_at: datetime
    is_pushed: bool
    merchant_number: str
    report: StatusReport

    @property
    def said_at(self) -> datetime:
        """When the provider made the report; if it does not say, when we received it."""
        return self.report.said_at or self.received_at


def waiting_notices(limit: int) -> list[int]:
    """The oldest notices that are not applied yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM payment_notice WHERE state = 'STORED' ORDER BY id LIMIT %s", (limit,))
        return [row[0] for row in cursor.fetchall()]


def locked_notices(ids: Sequence[int]) -> list[ReadNotice]:
    """Lock and read those that still wait and are not locked by others. Raises Malformed for an unreadable one."""
    read = ("account_id", "received_at", "body", "is_pushed")
    waiting = Notice.objects.select_for_update(skip_locked=True, no_key=True).only(*read)
    notices = list(waiting.filter(id__in=ids, state=Notice.State.STORED).order_by("id"))
    providers = _providers({notice.account_id for notice in notices})
    return [_read(notice, providers[notice.account_id]) for notice in notices]


def _providers(account_ids: set[int]) -> Mapping[int, Guarded]:
    return {account.id: provider_of(account) for account in ProviderAccount.objects.filter(id__in=account_ids)}


def _read(notice: Notice, provider: Guarded) -> ReadNotice:
    return ReadNotice(
        notice_id=notice.id,
        account_id=notice.account_id,
        received_at=notice.received_at,
        is_pushed=notice.is_pushed,
        merchant_number=provider.merchant_number,
        report=provider.read_notice(body=bytes(notice.body), is_pushed=notice.is_pushed),
    )


def set_notice_aside(notice_id: int, error: Exception) -> None:
    """A notice over which applying fails three times in the same way waits for a person; the others go on. Of what it
    is about the provider is asked."""
    log.error("a notice could not be applied", exc_info=error, extra={"stop": "pay.apply"})
    reference = name(error.reference, most=NUMBER) if isinstance(error, Malformed) else ""
    with stops.transaction("pay.set_aside"):
        notice = Notice.objects.select_for_update(no_key=True).only("account_id").get(id=notice_id)
        payments = Payment.objects.filter(reference=reference, account_id=notice.account_id) if reference else ()
        doubt([payment.pk for payment in payments if payment.doubted_at is None])
        if failed_again(subject_kind="notice", subject_id=notice_id, what=kind_of("apply", error)) < SAME_FAILURES:
            return
        said = error_text(error)
        move(Notice, [notice_id], to=Notice.State.SET_ASIDE, why=NoticeReason.CANNOT_BE_APPLIED, detail=said)
        facts = {"error": said, "reference": reference}
        open_case(PaymentCase.NOTICE_SET_ASIDE, ("notice", notice_id), facts)
