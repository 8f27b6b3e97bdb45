"""What the sandbox has for us at its 1NCE. The shared contract asks every connector for it."""

from tests.contracts.fleets import Fleet, Plan
from xuliu.carrier.contract import Action, Outcome, Reason

FLEET = Fleet(
    iccid_prefix="8988280666000000",
    msisdn_prefix="882285100000",
    plans={
        Action.RENEW: Plan(code="1", months=12, size_bytes=500_000_000),
        Action.ADD_ON: Plan(code="topup", size_bytes=500_000_000),
    },
    base_plan="1",
    told_otherwise={
        (Action.RENEW, Reason.TEMPORARY): (Outcome.UNKNOWN, None),  # 503
        (Action.ADD_ON, Reason.TEMPORARY): (Outcome.UNKNOWN, None),
        (Action.ADD_ON, Reason.PLAN): (Outcome.NOT_SENT, Reason.ACCOUNT),  # 400: described as the payment method
    },
)
