"""Why lines move on their way to the carrier and back, and the cases about them."""

from xuliu.common.reasons import WhyCode
from xuliu.ticket.kinds import CaseKind


class LineReason(WhyCode):
    """Why a line moved. The carrier's words are the detail."""

    SET_ASIDE_UNSENT = "set_aside_unsent"
    READING_FAILED = "reading_before_failed"
    READING_SILENT = "reading_before_silent"
    REFUSED_ON_READING = "refused_on_reading"
    DONE_EARLIER = "earlier_sending_did_it"
    NOT_SENT = "line_not_sent"
    SAID_DONE = "carrier_says_done"
    SAID_ACCEPTED = "carrier_accepted"
    NO_ANSWER = "carrier_gave_no_answer"
    REFUSED = "carrier_refused"
    REFUSED_FOR_SIM = "carrier_refused_for_sim"
    REFUSED_FOR_PLAN = "carrier_refused_for_plan"
    DIED_UNSENT = "worker_died_before_sending"
    DIED_SENT = "worker_died_after_sending"
    NEVER_DONE = "carrier_never_did_it"
    NO_END_IN_TIME = "no_end_in_time"
    NOT_PROVEN_IN_TIME = "not_proven_in_time"
    SEEN_BY_TWO = "seen_by_two"
    ACCEPTED_ON_PROOF = "accepted_on_proof"  # which is the last line of the detail


class Short(WhyCode):
    """What a reading before is short of, so that the line is not sent."""

    END = "shows_earlier_end"  # than was proven
    BYTES = "shows_fewer_bytes"  # than were proven
    PLANS = "shows_fewer_plans"  # one that was proven and still runs is not listed
    SHOWN_END = "shows_earlier_end_than_looked"  # than the carrier showed when somebody looked
    SHOWN_BYTES = "shows_fewer_bytes_than_looked"
    NO_END = "says_no_end"  # and we know none: once more has to say so
    NO_BYTES = "says_no_bytes"  # and nothing else could prove them
    NO_PLANS = "says_no_plans"  # and we know none: once more has to say so


class LineCase(CaseKind):
    """Cases about lines on their way."""

    SENT_IN_VAIN = "line_sent_in_vain"
    DISPUTED = "line_disputed"
    HELD_BACK = "line_held_back"
    DELIVERED_MORE = "delivered_more_than_sold"
    DELIVERED_AFTER_REFUSAL = "delivered_after_refusal"
    ACCOUNT_PAUSED = "carrier_account_paused"
