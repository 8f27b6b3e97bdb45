"""The steps for payments, refunds and provider accounts."""

from xuliu.common.steps import Lane, Step, due_rows
from xuliu.payment import examining, lockout, payment_steps, refund_steps, sign_ins

STEPS = (
    Step(
        "payment.open",
        Lane.OPEN,
        payment_steps.open_waiting,
        due_rows("payment_payment", "state = 'OPENING'", "due_at"),
    ),
    Step(
        "account.try",
        Lane.ASK,
        lockout.try_paused,
        due_rows("payment_provideraccount", "is_self_paused", "tried_at + interval '5 min'"),
    ),
    Step(
        "payment.ask",
        Lane.ASK,
        payment_steps.ask_payments,
        due_rows("payment_payment", "state IN ('OPENING', 'PENDING') OR doubted_at IS NOT NULL", "due_at"),
    ),
    Step("refund.send", Lane.ASK, refund_steps.send_refunds, due_rows("payment_refund", "state = 'PENDING'", "due_at")),
    Step("refund.ask", Lane.ASK, refund_steps.ask_refunds, due_rows("payment_refund", "state <> 'PENDING'", "due_at")),
    Step(
        "provider.examine",
        Lane.ACCOUNTS,
        examining.examine_accounts,
        due_rows("payment_provideraccount", "examine_at IS NOT NULL", "examine_at"),
    ),
    Step(
        "sign_in.forget", Lane.LATE, sign_ins.forget, due_rows("payment_signin", "true", "left_at + interval '1 day'")
    ),
)
