"""The steps that read SIMs at carriers."""

from xuliu.balance.refresh import refresh
from xuliu.common.steps import EVER, AccountStep, Lane

STEPS = (
    AccountStep(
        "readings",
        Lane.READINGS,
        refresh,
        f"""SELECT account_id, {EVER} FROM balance_reading r JOIN inventory_sim s ON s.id = r.sim_id
            WHERE requested_at IS NOT NULL GROUP BY 1""",
    ),
)
