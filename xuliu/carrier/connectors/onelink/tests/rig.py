"""What the sandbox has for us at its OneLink. The shared contract asks every connector for it."""

from tests.contracts.fleets import Fleet, Plan
from xuliu.carrier.contract import Action

FLEET = Fleet(
    iccid_prefix="89860400000000000",
    msisdn_prefix="1440000000",
    plans={
        Action.RENEW: Plan(code="300M-3M", months=3, size_bytes=314_572_800),
        Action.ADD_ON: Plan(code="2", size_bytes=524_288_000),
    },
    base_plan="300M-12M",
)
