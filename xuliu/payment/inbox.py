"""The inbox: stored notices, read by their provider, locked while they are applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from xuliu.common import clock, stops
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import Provider, Standing, Truth
from xuliu.payment.models import Notice, ProviderAccount, Refund
from xuliu.ticket.operations import Opening, open_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One notice and what it says. `merchant_number` is ours at that provider account."""

    notice_id: int
    account_id: int
    received_at: datetime
    merchant_number: str
    truth: Truth


def waiting_notices(limit: int) -> list[int]:
    """The oldest notices that nobody applied yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM payment_notice WHERE state = 'STORED' ORDER BY id LIMIT %s", (limit,))
        return [row[0] for row in cursor.fetchall()]


def locked_notices(ids: Sequence[int]) -> list[Heard]:
    """Lock those that still wait and that nobody else holds, and read them. Raises Odd for an unreadable one."""
    read = ("account_id", "received_at", "body", "is_pushed")
    waiting = Notice.objects.select_for_update(skip_locked=True, no_key=True).only(*read)
    notices = list(waiting.filter(id__in=ids, state=Notice.State.STORED).order_by("id"))
    providers = _providers({notice.account_id for notice in notices})
    return [_heard(notice, providers[notice.account_id]) for notice in notices]


def _providers(account_ids: set[int]) -> Mapping[int, Provider]:
    return {account.id: provider_of(account) for account in ProviderAccount.objects.filter(id__in=account_ids)}


def _heard(notice: Notice, provider: Provider) -> Heard:
    return Heard(
        notice_id=notice.id,
        account_id=notice.account_id,
        received_at=notice.received_at,
        merchant_number=provider.merchant_number,
        truth=provider.read_notice(body=bytes(notice.body), is_pushed=notice.is_pushed),
    )


def set_notice_aside(notice_id: int, error: Exception) -> None:
    """A notice that cannot be applied waits for a person; the others go on."""
    with stops.transaction("pay.set_aside"):
        why = f"{type(error).__name__}: {error}"[:500]
        move(Notice, [notice_id], to=Notice.State.SET_ASIDE, why=why)
        open_cases(
            [Opening(kind="notice_set_aside", subject_kind="notice", subject_id=notice_id, facts={"error": why})]
        )


def apply_refunds(heard: Sequence[Heard]) -> set[int]:
    """Apply what providers say of refunds; returns the notices that a person must look at."""
    if not heard:
        return set()
    references = [one.truth.reference for one in heard]
    refunds = {
        refund.reference: refund
        for refund in Refund.objects.select_for_update(no_key=True, of=("self",))
        .select_related("payment")
        .filter(reference__in=references)
        .order_by("id")
    }
    known = [(one, refunds[one.truth.reference]) for one in heard if one.truth.reference in refunds]
    strange = [one for one in heard if one.truth.reference not in refunds]
    strange += [one for one, refund in known if _differs(one.truth, refund)]
    odd_ids = {one.notice_id for one in strange}
    fitting = {refund.id: (one, refund) for one, refund in known if one.notice_id not in odd_ids}
    _succeed([pair for pair in fitting.values() if pair[0].truth.standing is Standing.SUCCEEDED])
    _fail([pair for pair in fitting.values() if pair[0].truth.standing in (Standing.FAILED, Standing.CLOSED)])
    open_cases([_strange(one) for one in strange])
    return odd_ids


def _differs(truth: Truth, refund: Refund) -> bool:
    return truth.amount_minor is not None and truth.amount_minor != refund.amount_minor


def _succeed(pairs: Sequence[tuple[Heard, Refund]]) -> None:
    ids = [refund.id for _, refund in pairs]
    numbers = [heard.truth.number for heard, _ in pairs]
    also = {"lease_until": None}
    moved = set(move(Refund, ids, to=Refund.State.SUCCEEDED, also=also, also_each={"number": numbers}))
    post([_paid_back(refund) for _, refund in pairs if refund.id in moved], at=clock.now())


def _paid_back(refund: Refund) -> Entry:
    account_id = refund.payment.account_id
    return Entry(
        reference=f"refund:{refund.id}:paid",
        source=addresses.refund_payable(account_id),
        destination=addresses.provider_receivable(account_id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        order_id=refund.payment.order_id,
    )


def _fail(pairs: Sequence[tuple[Heard, Refund]]) -> None:
    ids = [refund.id for _, refund in pairs]
    moved = set(move(Refund, ids, to=Refund.State.FAILED, why="the provider says so"))
    open_cases(
        [
            Opening(
                kind="refund_failed", subject_kind="refund", subject_id=refund.id, facts={"said": heard.truth.detail}
            )
            for heard, refund in pairs
            if refund.id in moved
        ]
    )


def _strange(heard: Heard) -> Opening:
    facts = {"reference": heard.truth.reference, "amount_minor": heard.truth.amount_minor}
    return Opening(kind="refund_strange", subject_kind="notice", subject_id=heard.notice_id, facts=facts)
