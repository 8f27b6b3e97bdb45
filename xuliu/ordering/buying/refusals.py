"""Why something cannot be ordered, placed or withdrawn: the same codes on every surface."""

from enum import StrEnum


class RefusalCode(StrEnum):
    """For each, `interfaces/wording` has a sentence for payers and a phrase for staff."""

    UNKNOWN_SIM = "unknown_sim"
    UNKNOWN_OFFERING = "unknown_offering"
    WRONG_CARRIER = "wrong_carrier"
    SIM_NOT_SERVED = "sim_not_in_service"
    SIM_UNKNOWN_AT_CARRIER = "sim_unknown_at_carrier"
    SIM_BLOCKED = "sim_blocked"  # by the carrier
    ACCOUNT_PAUSED = "account_paused"  # ours at the carrier
    OFFERING_PAUSED = "offering_paused"
    NO_RUNNING_PERIOD = "no_running_period"  # that data could be added to
    NOT_PRICED = "not_priced"
    NO_PROVIDER = "no_provider"
    PROVIDER_PAUSED = "provider_paused"
    WAY_UNKNOWN = "way_unknown"
    PAYER_NOT_TOLD = "payer_not_told"
    TOO_MANY_OPEN = "too_many_open"
    TOO_MANY_OPEN_HERE = "too_many_open_here"
    TOO_MANY_OPENINGS = "too_many_openings"
    TOO_MANY_LINES = "too_many_lines"  # to be ordered once more on a page
    NO_PLAN_CHOSEN = "no_plan_chosen"
    LAPSED = "lapsed"
    ALREADY_PAID = "already_paid"
    TOO_LATE = "too_late"  # to be withdrawn: a carrier has it
