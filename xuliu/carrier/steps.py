"""The steps for carrier accounts."""

from xuliu.carrier import examining
from xuliu.common.steps import Lane, Step, due_rows

STEPS = (
    Step(
        "carrier.examine",
        Lane.ACCOUNTS,
        examining.examine_accounts,
        due_rows("carrier_carrieraccount", "examine_at IS NOT NULL", "examine_at"),
    ),
)
