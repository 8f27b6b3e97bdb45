"""How the steps call payment providers: claim due rows under a short lease, call in parallel, store as a set.

No call is made inside a transaction. If a process dies in between, the lease runs out; every call carries our
reference, so calling again concerns the same payment or refund.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, prefetch_related_objects

from xuliu.common import calls, clock, stops
from xuliu.common.accounts import WrongConfiguration
from xuliu.common.chunks import apply_halving
from xuliu.common.crypto import CannotOpen
from xuliu.common.failures import error_text, is_transient, kind_of, place_of
from xuliu.common.state import move
from xuliu.payment import lockout
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import LockedOut
from xuliu.payment.guarded import tell_troubles
from xuliu.payment.models import Payment, ProviderAccount, Refund, SignIn
from xuliu.payment.reasons import RefundMove
from xuliu.ticket.operations import SAME_FAILURES, NewCase, failed_again, open_case, open_cases

log = logging.getLogger(__name__)

LEASE_SECONDS = 30  # more than three deadlines of any provider
AT_ONCE = 16
LOG_EVERY_SECONDS = 0.05
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
SET_ASIDE_FOR = timedelta(days=1)
SET_ASIDE: Mapping[type[Model], PaymentCase] = {
    Payment: PaymentCase.PAYMENT_SET_ASIDE,
    Refund: PaymentCase.REFUND_SET_ASIDE,
    SignIn: PaymentCase.SIGN_IN_SET_ASIDE,
}

# Rows that a self-paused account holds back: all but its trial.
_HELD = {
    "payment_payment": """
        SELECT 1 FROM payment_provideraccount a WHERE a.is_self_paused AND a.id = payment_payment.account_id
            AND a.trial <> 'order:' || payment_payment.order_id""",
    "payment_signin": "SELECT 1 WHERE false",
    "payment_refund": """
        SELECT 1 FROM payment_provideraccount a JOIN payment_payment p ON p.account_id = a.id
        WHERE a.is_self_paused AND p.id = payment_refund.payment_id AND a.trial <> 'refund:' || payment_refund.id""",
}

Row = TypeVar("Row", Payment, Refund, SignIn)
Said = TypeVar("Said")


def claim(model: type[Row], states: Sequence[str], limit: int, *, stop: str, only: str = "true") -> list[Row]:
    """Claim due rows with their accounts, under a lease by the database's clock, so that no other process takes them.

    `only` is an SQL condition, in which %(at)s is now.
    """
    table = model._meta.db_table
    sql = f"""
        UPDATE {table} SET lease_until = now() + make_interval(secs => %(lease)s), tries = LEAST(tries + 1, 1000)
        WHERE id IN (
            SELECT id FROM {table}
            WHERE state = ANY(%(states)s) AND due_at <= %(at)s AND (lease_until IS NULL OR lease_until < now())
                AND {only} AND NOT EXISTS ({_HELD[table]})
            ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        RETURNING *"""
    values = {"lease": LEASE_SECONDS, "states": list(states), "at": clock.now(), "limit": limit}
    with stops.statement(stop):
        claimed = sorted(model.objects.raw(sql, values), key=lambda row: row.id)
    path = "payment__account" if model._meta.model_name == "refund" else "account"
    prefetch_related_objects(claimed, path)  # rows of one account share one object
    return claimed


def ask_together(rows: Sequence[Row], ask: Callable[[Row], Said]) -> list[tuple[Row, Said]]:
    """Call for several rows in parallel; a hanging provider delays the others by its deadline at most.

    The threads only call; their calls are logged here afterwards. A row whose call fails is set aside.
    """
    if not rows:
        return []
    if len(rows) == 1:
        row_id, answer, records = _answer(ask, rows[0])
        calls.write(records)
        return _fit(rows, {row_id: answer})
    said: dict[int, Said | Exception] = {}
    waiting = {_callers.pool.submit(_answer, ask, row) for row in rows}
    while waiting:
        ended, waiting = wait(waiting, timeout=LOG_EVERY_SECONDS)
        answers = [future.result() for future in ended]
        calls.write([record for _, _, records in answers for record in records])
        said |= {row_id: answer for row_id, answer, _ in answers}
    return _fit(rows, said)


class _Callers(threading.local):
    """The calling threads of one lane. They stay alive: a new thread per call would cost more than most calls."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start new threads after a fork, which none survives."""
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="provider")


_callers = _Callers()
os.register_at_fork(after_in_child=_callers.renew)


def _answer(ask: Callable[[Row], Said], row: Row) -> tuple[int, Said | Exception, list[calls.Record]]:
    answer, records = calls.gathered(_said, ask, row)
    return row.id, answer, records


def _said(ask: Callable[[Row], Said], row: Row) -> Said | Exception:
    try:
        return ask(row)
    except (CannotOpen, WrongConfiguration) as error:
        return LockedOut(f"our account cannot be used: {error}")
    except Exception as error:  # noqa: BLE001  # told to whoever stores the answers of all
        return error


def _fit(rows: Sequence[Row], said: dict[int, Said | Exception]) -> list[tuple[Row, Said]]:
    fit = []
    refused: list[Payment | Refund] = []
    for row in rows:
        answer = said[row.id]
        if isinstance(answer, LockedOut) and not isinstance(row, SignIn):
            refused.append(row)
        elif isinstance(answer, Exception):
            _set_aside(row, answer)
        else:
            fit.append((row, answer))
    tell_troubles()
    lockout.note([(row, said[row.id]) for row in rows])
    _let_go(refused)
    return fit


def _let_go(refused: Sequence[Payment | Refund]) -> None:
    """The provider refused us, not the rows: they stay as they are; a refund that was being sent is queried."""
    if not refused:
        return
    with stops.transaction("payment.refused"):
        refunds = [row.id for row in refused if isinstance(row, Refund)]
        move(Refund, refunds, to=Refund.State.UNKNOWN, only_from=[Refund.State.SENT], why=RefundMove.US_REFUSED)
        later(refused)
        troubled([row for row in refused if isinstance(row, Payment)])


def troubled(payments: Sequence[Payment]) -> None:
    """Tell the payers of payments that cannot be opened because of us, and open one case per account
    (`ordering.overdue` closes it when none waits any more). A self-paused account already has its case."""
    unopened = [payment for payment in payments if payment.state == Payment.State.OPENING]
    if unopened:
        _tell_payers(unopened)
        running = ProviderAccount.objects.filter(is_self_paused=False, id__in={one.account_id for one in unopened})
        ids = sorted(running.values_list("id", flat=True))
        open_cases(
            [NewCase(kind=PaymentCase.CANNOT_BE_OPENED, subject_kind="provideraccount", subject_id=one) for one in ids]
        )


def _tell_payers(unopened: Sequence[Payment]) -> None:
    waiting = Payment.objects.filter(id__in=[payment.id for payment in unopened], trouble_at__isnull=True)
    waiting.filter(state=Payment.State.OPENING).update(trouble_at=clock.now())


def store(
    answered: Sequence[tuple[Row, Said]], apply: Callable[[Sequence[tuple[Row, Said]]], object], *, stop: str
) -> None:
    """Store the answers as one set, in a transaction that locks the rows; a row that cannot be stored is set aside."""

    def apply_locked(pairs: Sequence[tuple[Row, Said]]) -> None:
        with stops.transaction(stop):
            _lock([row for row, _ in pairs])
            apply(pairs)

    apply_halving(answered, apply_locked, set_aside=lambda pair, error: _set_aside(pair[0], error))


def _lock(rows: Sequence[Row]) -> None:
    """Lock in id order, as applying notices does."""
    locked = type(rows[0]).objects.select_for_update(no_key=True).filter(id__in=[row.id for row in rows])
    list(locked.order_by("id").values_list("id"))


def later(rows: Sequence[Payment | Refund]) -> None:
    """Release them, to be called about again after a doubling wait."""
    if not rows:
        return
    sql = f"""
        UPDATE {rows[0]._meta.db_table}
        SET due_at = %s + LEAST(%s, %s * 2 ^ LEAST(tries, 10)), lease_until = NULL WHERE id = ANY(%s)"""
    with connection.cursor() as cursor:
        values: tuple[Any, ...] = (clock.now(), LONGEST_WAIT, FIRST_WAIT, [row.id for row in rows])
        cursor.execute(sql, values)


def _set_aside(row: Payment | Refund | SignIn, error: Exception) -> None:
    """Retry a failing row soon; at the third failure of the same kind it waits a day for a person, in its state.
    Database trouble is raised: it is not the row's fault."""
    if is_transient(error):
        raise error
    kind = str(row._meta.model_name)
    log.error("a step failed over a payment", exc_info=error, extra={kind: row.id, "stop": "payment.set_aside"})
    with stops.transaction("payment.set_aside"):
        type(row).objects.select_for_update(no_key=True).only("id").get(id=row.id)
        count = failed_again(subject_kind=kind, subject_id=row.id, what=kind_of(kind, error))
        is_last = count >= SAME_FAILURES
        due_at = clock.now() + (SET_ASIDE_FOR if is_last else FIRST_WAIT * 2**count)
        type(row).objects.filter(id=row.id).update(due_at=due_at, lease_until=None)
        _tell_payers([row] if isinstance(row, Payment) else [])  # the payment gets its own case below
        if is_last:
            facts = {"error": error_text(error), "place": place_of(error)}
            open_case(SET_ASIDE[type(row)], subject=(kind, row.id), facts=facts)
