"""Set aside: a line or order that makes a step fail again and again waits for a person; the others go on."""

import logging
from datetime import timedelta

from xuliu.common import clock, stops
from xuliu.common.failures import error_text, kind_of, place_of
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import backoff
from xuliu.ticket.kinds import CaseKind
from xuliu.ticket.operations import SAME_FAILURES, NewCase, failed_again, open_cases

log = logging.getLogger(__name__)
AFTER_A_FAILURE = timedelta(seconds=15)


class SetAsideCase(CaseKind):
    """It made a step fail again and again."""

    LINE = "line_set_aside"
    ORDER = "order_set_aside"


# For statements on `ordering_order o`: its case is still open.
NOT_SET_ASIDE = f"""NOT EXISTS (
    SELECT 1 FROM ticket_case c
    WHERE c.kind = '{SetAsideCase.ORDER}' AND c.subject_kind = 'order' AND c.subject_id = o.id AND c.state = 'OPEN')"""

FAILED_BEFORE = """
    SELECT l.order_id FROM ticket_failure f JOIN ordering_orderline l ON l.id = f.subject_id
    WHERE f.subject_kind = 'orderline' AND l.state = 'WAITING' AND NOT l.is_set_aside"""


def set_line_aside(line_id: int, step: str, error: Exception) -> bool:
    """Retry a line that made a step fail soon; at the third failure of the same kind it waits for a person, in its
    state. Returns whether it now waits for a person."""
    log.error("a step failed over a line", exc_info=error, extra={"line": line_id, "stop": step})
    with stops.transaction("line.set_aside"):
        OrderLine.objects.select_for_update(no_key=True).only("id").get(id=line_id)
        count = failed_again(subject_kind="orderline", subject_id=line_id, what=kind_of(step, error))
        is_last = count >= SAME_FAILURES
        if is_last:
            OrderLine.objects.filter(id=line_id).update(is_set_aside=True)
            facts = {"step": step, "error": error_text(error), "place": place_of(error)}
            open_cases([NewCase(kind=SetAsideCase.LINE, subject_kind="orderline", subject_id=line_id, facts=facts)])
        else:
            wait = backoff(count - 1, first=AFTER_A_FAILURE, longest=timedelta(hours=1))
            OrderLine.objects.filter(id=line_id).update(due_at=clock.now() + wait)
    return is_last


def set_order_aside(order_id: int, step: str, error: Exception) -> None:
    """An order that makes a step fail three times in the same way waits for a person while its case is open."""
    log.error("a step failed over an order", exc_info=error, extra={"order": order_id, "stop": step})
    with stops.transaction("order.set_aside"):
        count = failed_again(subject_kind="order", subject_id=order_id, what=kind_of(step, error))
        if count >= SAME_FAILURES:
            facts = {"step": step, "error": error_text(error), "place": place_of(error)}
            open_cases([NewCase(kind=SetAsideCase.ORDER, subject_kind="order", subject_id=order_id, facts=facts)])
