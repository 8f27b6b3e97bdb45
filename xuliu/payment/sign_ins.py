"""The payer's trip to the provider and back: pages begin and end it, and none waits for it."""

from datetime import timedelta
from hashlib import sha256

from django.db import connection

from xuliu.common import clock, stops, wake
from xuliu.common.codes import new_code
from xuliu.common.state import move
from xuliu.payment.models import SignIn

GOOD_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)


def leave(*, order_id: int, account_id: int, way: str, browser: str) -> str:
    """Begin a sign-in; returns the random word that must come back with the payer, valid once for this browser."""
    at, word = clock.now(), new_code()
    SignIn.objects.create(
        mark=_mark(word),
        browser=browser,
        order_id=order_id,
        account_id=account_id,
        way=way,
        state_at=at,
        left_at=at,
        due_at=at,
    )
    return word


def come_back(*, word: str, browser: str, code: str) -> int | None:
    """Store what this browser came back with; a step asks whose it is. Returns the order's id, even the second time.

    None for a word that is not this browser's, or too old.
    """
    with stops.transaction("sign_in.return"):
        since = clock.now() - GOOD_FOR
        found = SignIn.objects.filter(mark=_mark(word), browser=browser, left_at__gte=since).first()
        if found is None or not browser:
            return None
        also = {"code": code, "due_at": clock.now()}
        if move(SignIn, [found.pk], to=SignIn.State.RETURNED, only_from=[SignIn.State.LEFT], also=also):
            wake.after_commit("payer.know")
        return found.order_id


def newest(*, order_id: int, browser: str) -> SignIn | None:
    """This browser's latest sign-in for that order from which it has returned."""
    ways = SignIn.objects.filter(order_id=order_id, browser=browser).exclude(state=SignIn.State.LEFT)
    return ways.order_by("-id").first() if browser else None


def forget(limit: int = 1_000) -> int:
    """Delete yesterday's; returns how many. The payment keeps who signed in."""
    sql = "DELETE FROM payment_signin WHERE id IN (SELECT id FROM payment_signin WHERE left_at < %s LIMIT %s)"
    with stops.statement("sign_in.forget"), connection.cursor() as cursor:
        cursor.execute(sql, (clock.now() - KEPT_FOR, limit))
        return int(cursor.rowcount)


def _mark(word: str) -> str:
    return sha256(word.encode()).hexdigest()
