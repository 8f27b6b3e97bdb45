"""The steps of the line, as workers run them: each claims rows that stand in its state and moves them on."""

from collections.abc import Callable
from dataclasses import dataclass

from xuliu.balance.refresh import refresh
from xuliu.ordering import check, expire, fulfil, pay, settle, verify
from xuliu.ordering.queries import active_accounts
from xuliu.payment import exchange


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Steps of a carrier account run once for each, side by side: a carrier that hangs holds up nobody else.

    `run` returns how much it found to do; a step that found something is run again at once.
    """

    name: str
    run: Callable[[], int] | None = None
    run_for: Callable[[int], int] | None = None


STEPS = (
    Step("payment.open", exchange.open_waiting),
    Step("payment.ask", exchange.ask_unheard),
    Step("pay.apply", pay.apply_notices),
    Step("pay.release_rest", pay.release_rest),
    Step("fulfil", run_for=fulfil.fulfil),
    Step("verify", run_for=verify.verify),
    Step("check", run_for=check.check),
    Step("recover", check.recover),
    Step("drift", run_for=check.find_drift),
    Step("settle", settle.settle),
    Step("receipts", settle.issue_receipts),
    Step("refund.send", exchange.send_refunds),
    Step("refund.ask", exchange.ask_refunds),
    Step("readings", run_for=refresh),
    Step("order.lapse", expire.lapse_quotes),
    Step("order.expire", expire.end_unpaid),
)


def run_all() -> int:
    """Every step once, in the order of the line; returns how much was found to do. What workers do, without waiting."""
    found = 0
    for step in STEPS:
        if step.run is not None:
            found += step.run()
        if step.run_for is not None:
            found += sum(step.run_for(account_id) for account_id in active_accounts())
    return found
