"""The steps that talk to payment providers: open, ask, close, refund.

Each claims due rows under a short lease, calls outside any transaction and stores what came. A process that
dies between leaves the lease to run out; every call carries our reference, so asking or sending again is the same
payment and the same refund.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from xuliu.common import clock, stops
from xuliu.common.state import move
from xuliu.payment import operations
from xuliu.payment.accounts import provider_of, session_of
from xuliu.payment.contract import Done, Method, Opened, Opening, Outcome, RefundWish, Standing, Truth
from xuliu.payment.models import Payment, ProviderAccount, Refund
from xuliu.ticket.operations import open_case

LEASE_SECONDS = 30  # more than three deadlines of any provider
AT_ONCE = 16
LONGEST_WAIT = timedelta(minutes=5)
SET_ASIDE_FOR = timedelta(days=1)

Row = TypeVar("Row", Payment, Refund)
Said = TypeVar("Said")


def open_waiting(limit: int = AT_ONCE) -> int:
    """Ask providers to open payments in OPENING; returns how many were claimed."""
    claimed = _claim(Payment, [Payment.State.OPENING], limit, stop="payment.claim_opening")
    _store_each(_together(claimed, _open), _store_opened)
    return len(claimed)


def _open(payment: Payment) -> Opened:
    account = payment.account
    opening = Opening(
        reference=payment.reference,
        method=Method(payment.method),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=payment.description,
        expires_at=payment.expires_at,
        notify_url=notify_url(account),
        payer_id=payment.payer_id,
    )
    with stops.call("payment.open"):
        return provider_of(account).open(session_of(account), opening)


def _store_opened(payment: Payment, opened: Opened) -> None:
    with stops.transaction("payment.opened"):
        if opened.outcome is Outcome.DONE:
            also = {"token": opened.token, "due_at": _first_query(payment), "lease_until": None, "tries": 0}
            move(Payment, [payment.id], to=Payment.State.PENDING, also=also)
        elif opened.outcome is Outcome.REJECTED:
            also = {"failed_why": opened.detail[:200], "lease_until": None}
            move(Payment, [payment.id], to=Payment.State.FAILED, why=opened.detail, also=also)
        else:
            _later(payment)


def _first_query(payment: Payment) -> object:
    return clock.now() + provider_of(payment.account).capabilities.query_after


def ask_unheard(limit: int = AT_ONCE) -> int:
    """Ask about PENDING payments that nobody spoke of; close those that expired or are wanted closed."""
    claimed = _claim(Payment, [Payment.State.PENDING], limit, stop="payment.claim_unheard")
    _store_each(_together(claimed, _ask), _store_heard)
    return len(claimed)


def _ask(payment: Payment) -> tuple[Truth, bytes] | None:
    with stops.call("payment.query"):
        return provider_of(payment.account).query(session_of(payment.account), payment.reference)


def _store_heard(payment: Payment, found: tuple[Truth, bytes] | None) -> None:
    if found is None:
        with stops.transaction("payment.unheard"):
            _later(payment)
    else:
        _store_found(payment, *found)


def _store_found(payment: Payment, truth: Truth, body: bytes) -> None:
    if truth.standing is Standing.SUCCEEDED:
        with stops.transaction("payment.found"):
            operations.store_asked(account_id=payment.account_id, truth=truth, body=body)
            _later(payment)
    elif truth.standing in (Standing.CLOSED, Standing.FAILED):
        with stops.transaction("payment.found_ended"):
            operations.close_confirmed(payment_ids=[payment.id], why=f"the provider says {truth.standing}")
    elif payment.close_wanted_at or clock.now() >= payment.expires_at:
        _close(payment)
    else:
        with stops.transaction("payment.still_pending"):
            _later(payment)


def _close(payment: Payment) -> None:
    with stops.call("payment.close"):
        done = provider_of(payment.account).close(session_of(payment.account), payment.reference)
    with stops.transaction("payment.closed"):
        if done.outcome is Outcome.DONE:
            operations.close_confirmed(payment_ids=[payment.id], why="closed at the provider")
        elif done.standing is Standing.NOT_FOUND and clock.now() >= payment.opened_at + _settles_within(payment):
            operations.close_confirmed(payment_ids=[payment.id], why="proven: the provider never had it")
        else:  # it was paid in between, or nobody answered: asked again
            _later(payment)


def send_refunds(limit: int = AT_ONCE) -> int:
    """Send PENDING refunds within the provider's spacing, at most one a payment under way."""
    claimed = _claim(Refund, [Refund.State.PENDING], limit, stop="refund.claim")
    sendable = [refund for refund in claimed if _is_its_turn(refund)]
    with stops.transaction("refund.sent"):
        also = {"sent_at": clock.now(), "due_at": clock.now() + timedelta(seconds=10)}
        moved = set(move(Refund, sorted(r.id for r in sendable), to=Refund.State.SENT, also=also))
    _store_each(_together([refund for refund in sendable if refund.id in moved], _refund), _store_refund_answer)
    return len(claimed)


def _is_its_turn(refund: Refund) -> bool:
    """The provider takes one refund of a payment at a time, spaced; an earlier one goes first."""
    spacing = provider_of(refund.payment.account).capabilities.refund_spacing
    others = Refund.objects.filter(payment_id=refund.payment_id).exclude(id=refund.id)
    newest = others.filter(sent_at__isnull=False).order_by("-sent_at").values_list("sent_at", flat=True).first()
    earlier_waits = others.filter(state=Refund.State.PENDING, id__lt=refund.id).exists()
    if not earlier_waits and (newest is None or newest + spacing <= clock.now()):
        return True
    due_at = max(newest + spacing, clock.now()) if newest else clock.now() + spacing
    Refund.objects.filter(id=refund.id).update(due_at=due_at, lease_until=None)
    return False


def _refund(refund: Refund) -> Done:
    account = refund.payment.account
    wish = RefundWish(
        reference=refund.reference,
        payment_reference=refund.payment.reference,
        amount_minor=refund.amount_minor,
        total_minor=refund.payment.amount_minor,
        currency=refund.currency,
        why=refund.why,
        notify_url=notify_url(account),
    )
    with stops.call("refund.send"):
        return provider_of(account).refund(session_of(account), wish)


def _store_refund_answer(refund: Refund, done: Done) -> None:
    also = {"number": done.number, "detail": done.detail[:200], "lease_until": None}
    with stops.transaction("refund.answered"):
        if done.outcome is Outcome.DONE:
            Refund.objects.filter(id=refund.id).update(**also)
        elif done.outcome is Outcome.REJECTED:
            move(Refund, [refund.id], to=Refund.State.FAILED, why=done.detail, also=also)
            open_case(kind="refund_refused", subject=("refund", refund.id), facts={"detail": done.detail})
        else:
            move(Refund, [refund.id], to=Refund.State.UNKNOWN, why=done.detail, also=also)
            if done.outcome is Outcome.NOT_SENT:
                _back_to_pending(refund, why=f"certainly not sent: {done.detail}")
                open_case("refund_waits", ("refund", refund.id), {"detail": done.detail})


def _back_to_pending(refund: Refund, *, why: str) -> None:
    due_at = clock.now() + _wait(refund.tries)
    also = {"due_at": due_at, "lease_until": None}
    move(Refund, [refund.id], to=Refund.State.PENDING, only_from=[Refund.State.UNKNOWN], why=why, also=also)


def ask_refunds(limit: int = AT_ONCE) -> int:
    """Ask about refunds that were sent and whose end is not known."""
    claimed = _claim(Refund, [Refund.State.SENT, Refund.State.UNKNOWN], limit, stop="refund.claim_unheard")
    _store_each(_together(claimed, _ask_refund), _store_refund_heard)
    return len(claimed)


def _ask_refund(refund: Refund) -> tuple[Truth, bytes] | None:
    account = refund.payment.account
    with stops.call("refund.query"):
        return provider_of(account).query_refund(session_of(account), refund.reference)


def _store_refund_heard(refund: Refund, found: tuple[Truth, bytes] | None) -> None:
    with stops.transaction("refund.found"):
        _store_refund_found(refund, found)


def _store_refund_found(refund: Refund, found: tuple[Truth, bytes] | None) -> None:
    if found is None or found[0].standing is Standing.PENDING:
        _later(refund)
        return
    truth, body = found
    if truth.standing is not Standing.NOT_FOUND:
        operations.store_asked(account_id=refund.payment.account_id, truth=truth, body=body)
        _later(refund)
    elif refund.sent_at and clock.now() >= refund.sent_at + _settles_within(refund.payment):
        move(Refund, [refund.id], to=Refund.State.UNKNOWN, only_from=[Refund.State.SENT], why="not found")
        _back_to_pending(refund, why="proven: the provider never had it")
    else:
        _later(refund)


def _settles_within(payment: Payment) -> timedelta:
    return provider_of(payment.account).capabilities.settles_within


def notify_url(account: ProviderAccount) -> str:
    """Where the provider shall send its notices for this account."""
    return f"{settings.XULIU_BASE_URL}/webhooks/{account.code}/"


def _claim(model: type[Row], states: Sequence[str], limit: int, *, stop: str) -> list[Row]:
    """Due rows, under a lease by the database's clock, so that no other process takes them."""
    table = model._meta.db_table
    sql = f"""
        UPDATE {table} SET lease_until = now() + make_interval(secs => %s), tries = LEAST(tries + 1, 1000)
        WHERE id IN (
            SELECT id FROM {table}
            WHERE state = ANY(%s) AND due_at <= %s AND (lease_until IS NULL OR lease_until < now())
            ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
        RETURNING id"""
    with stops.transaction(stop), connection.cursor() as cursor:
        cursor.execute(sql, (LEASE_SECONDS, list(states), clock.now(), limit))
        ids = [row[0] for row in cursor.fetchall()]
    path = "payment__account" if model._meta.model_name == "refund" else "account"
    return list(model.objects.filter(id__in=ids).select_related(path).order_by("id"))


def _store_each(answered: Sequence[tuple[Row, Said | Exception]], store: Callable[[Row, Said], None]) -> None:
    """Store what came, row by row; one that cannot be asked about or stored is set aside, the others go on."""
    for row, said in answered:
        try:
            store(row, _answer(said))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  # a poisonous row may raise anything
            _set_aside(row, error)


def _answer(said: Said | Exception) -> Said:
    if isinstance(said, Exception):
        raise said
    return said


def _set_aside(row: Payment | Refund, error: Exception) -> None:
    """It waits a day for a person, in the state it stands in."""
    kind = str(row._meta.model_name)
    facts = {"error": f"{type(error).__name__}: {error}"[:500]}
    with stops.transaction("payment.set_aside"):
        type(row).objects.filter(id=row.id).update(due_at=clock.now() + SET_ASIDE_FOR, lease_until=None)
        open_case(kind=f"{kind}_set_aside", subject=(kind, row.id), facts=facts)


def _together(rows: Sequence[Row], ask: Callable[[Row], Said]) -> list[tuple[Row, Said | Exception]]:
    """Ask about several at once; a provider that hangs keeps nobody else waiting for longer than its deadline."""
    if len(rows) < 2:
        return [(row, _said(ask, row)) for row in rows]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(zip(rows, pool.map(_closing(ask), rows), strict=True))


def _said(ask: Callable[[Row], Said], row: Row) -> Said | Exception:
    try:
        return ask(row)
    except Exception as error:  # noqa: BLE001  # told to whoever stores the answers of all
        return error


def _closing(ask: Callable[[Row], Said]) -> Callable[[Row], Said | Exception]:
    def run(row: Row) -> Said | Exception:
        try:
            return _said(ask, row)
        finally:
            connection.close()  # a pool's thread ends here, and its connection with it

    return run


def _later(row: Payment | Refund) -> None:
    type(row).objects.filter(id=row.id).update(due_at=clock.now() + _wait(row.tries), lease_until=None)


def _wait(tries: int) -> timedelta:
    return min(LONGEST_WAIT, timedelta(seconds=5 * 2 ** min(tries, 10)))
