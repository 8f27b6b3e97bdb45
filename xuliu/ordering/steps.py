"""The steps of the line, as workers run them: each claims rows that stand in its state and moves them on."""

from collections.abc import Callable
from dataclasses import dataclass

from xuliu.balance.refresh import refresh
from xuliu.carrier import examining as carrier_examining
from xuliu.common import guard
from xuliu.ordering import overdue
from xuliu.ordering.buying import by_notice, expire, payer
from xuliu.ordering.delivering import check, drift, fulfil, verify
from xuliu.ordering.ending import settle
from xuliu.ordering.queries import active_accounts
from xuliu.payment import examining as provider_examining
from xuliu.payment import lockout, payment_steps, refund_steps, sign_ins


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `run` returns how much it found to do; a step that found something is run again at once, but a worker
    runs it no more often than `every_seconds`."""

    name: str
    run: Callable[[], int]
    every_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AccountStep:
    """One step of one carrier account: accounts run side by side, so that a carrier that hangs holds up nobody else."""

    name: str
    run: Callable[[int], int]


# A lane is run by one thread of a worker, its steps in turn.
LANES: dict[str, tuple[Step, ...]] = {
    "open": (
        Step("payer.know", payer.know_payers),
        Step("payment.open", payment_steps.open_waiting),
    ),
    "ask": (
        Step("account.try", lockout.try_paused),
        Step("payment.ask", payment_steps.ask_unheard),
        Step("refund.send", refund_steps.send_refunds),
        Step("refund.ask", refund_steps.ask_refunds),
    ),
    "pay": (Step("pay.apply", by_notice.apply_notices),),
    # Of its own: a bulk order's fifty chunks, one after the other, would hold up everybody's notices.
    "release": (Step("pay.release_rest", by_notice.release_rest),),
    "end": (
        Step("settle", settle.settle),
        Step("receipts", settle.issue_receipts),
    ),
    # Of its own: whoever is tried may hang, and a person waits for what is found.
    "accounts": (
        Step("carrier.examine", carrier_examining.examine_accounts),
        Step("provider.examine", provider_examining.examine_accounts),
    ),
    # Waited for by nobody: looked at once a second, and not at every order that ends.
    "late": (
        Step("recover", check.recover),
        Step("order.expire", expire.end_unpaid),
        Step("order.lapse", expire.lapse_quotes),
        Step("sign_in.forget", sign_ins.forget),
        Step("overdue", overdue.tell_of_overdue, every_seconds=60),
        Step("guard.forget", guard.forget_ended, every_seconds=5),
    ),
}
ACCOUNT_LANES: dict[str, tuple[AccountStep, ...]] = {
    "fulfil": (AccountStep("fulfil", fulfil.fulfil),),
    "after": (
        AccountStep("check", check.check),
        AccountStep("verify", verify.verify),
    ),
    # Of its own: nobody waits for it, and at a slow carrier it takes minutes.
    "drift": (AccountStep("drift", drift.find_drift),),
    "readings": (AccountStep("readings", refresh),),
}


def run_all() -> int:
    """Every step once, in the order of the line; returns how much was found to do. What workers do, without waiting."""
    accounts = active_accounts()
    found = sum(step.run() for name in ("open", "ask", "pay", "release") for step in LANES[name])
    found += sum(step.run(account) for steps in ACCOUNT_LANES.values() for step in steps for account in accounts)
    return found + sum(step.run() for name in ("end", "accounts", "late") for step in LANES[name])
