"""What workers run for payments, refunds and the accounts that take them."""

from xuliu.common.steps import Lane, Step, due_rows
from xuliu.payment import examining, lockout, payment_steps, refund_steps, sign_ins

STEPS = (
    Step(
        name="payment.open",
        lane=Lane.OPEN,
        run=payment_steps.open_waiting,
        due=due_rows("payment_payment", "state = 'OPENING'", "due_at"),
    ),
    Step(
        name="account.try",
        lane=Lane.ASK,
        run=lockout.try_paused,
        due=due_rows("payment_provideraccount", "is_self_paused", "tried_at + interval '5 min'"),
    ),
    Step(
        name="payment.ask",
        lane=Lane.ASK,
        run=payment_steps.ask_unheard,
        due=due_rows("payment_payment", "state IN ('OPENING', 'PENDING') OR doubted_at IS NOT NULL", "due_at"),
    ),
    Step(
        name="refund.send",
        lane=Lane.ASK,
        run=refund_steps.send_refunds,
        due=due_rows("payment_refund", "state = 'PENDING'", "due_at"),
    ),
    Step(
        name="refund.ask",
        lane=Lane.ASK,
        run=refund_steps.ask_refunds,
        due=due_rows("payment_refund", "state <> 'PENDING'", "due_at"),
    ),
    Step(
        name="provider.examine",
        lane=Lane.ACCOUNTS,
        run=examining.examine_accounts,
        due=due_rows("payment_provideraccount", "examine_at IS NOT NULL", "examine_at"),
    ),
    Step(
        name="sign_in.forget",
        lane=Lane.LATE,
        run=sign_ins.forget,
        due=due_rows("payment_signin", "true", "left_at + interval '1 day'"),
    ),
)
