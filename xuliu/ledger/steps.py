"""What workers run for the ledger."""

from xuliu.common.steps import Lane, Step
from xuliu.ledger.operations import NIGHT_HOUR, NIGHT_ZONE, UNFOLDED, fold_by_night

STEPS = (
    Step(
        "ledger.fold",
        Lane.LATE,
        fold_by_night,
        # The end of the first night after the oldest unfolded posting.
        f"""SELECT NULL::bigint, min((date_trunc('day', at AT TIME ZONE '{NIGHT_ZONE}' - interval '{NIGHT_HOUR} h')
            + interval '{24 + NIGHT_HOUR} h') AT TIME ZONE '{NIGHT_ZONE}') FROM ({UNFOLDED}) AS oldest""",
        every_seconds=60,
    ),
)
