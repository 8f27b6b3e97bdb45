"""The page of one line: its evidence side by side, and what a person may decide."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from xuliu.balance.queries import reading_of
from xuliu.common import clock
from xuliu.common.deciding import CannotDecide
from xuliu.common.models import Event
from xuliu.interfaces.console import decisions
from xuliu.interfaces.console.cases import case_link
from xuliu.interfaces.console.evidence import Evidence, evidence_of
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.console.timeline import around, calls_of
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.decisions import why_not
from xuliu.interfaces.wording.reasons import accepted, reason
from xuliu.interfaces.wording.states import ATTEMPT_OUTCOMES, LINE_STATES
from xuliu.ordering.models import Approval, Attempt, OrderLine
from xuliu.ordering.patience import has_ended
from xuliu.party.models import Person
from xuliu.party.permission import may
from xuliu.party.rights import Right
from xuliu.ticket.models import Case
from xuliu.ticket.queries import open_cases_of

State = OrderLine.State
STUCK = (State.ACCEPTED, State.VERIFYING, State.UNKNOWN, State.DISPUTED)


def show(request: HttpRequest, line_id: int) -> HttpResponse:
    """The evidence and the decisions."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    line = _line(line_id)
    attempts = list(Attempt.objects.filter(line_id=line.pk).order_by("number"))
    newest = attempts[-1] if attempts else None
    evidence = evidence_of(line, newest, reading_of(line.sim_id))
    events = list(Event.objects.filter(kind="orderline", subject_id=line.pk).order_by("id")[:500])
    now = clock.now()
    is_overdue = line.state in OrderLine.OPEN and has_ended(line.order.paid_at, is_waited_for=line.order.is_waited_for)
    context = {
        **site.each_context(request),
        "title": line.order.number,
        "line": line,
        "order_link": reverse("admin:ordering_order_change", args=[line.order_id]),
        "sim_link": reverse("admin:inventory_sim_change", args=[line.sim_id]),
        "state": badge(line.state, LINE_STATES),
        "since": figures.age(line.state_at, now=now),
        "paid": figures.age(line.order.paid_at, now=now) if line.order.paid_at else "",
        "is_overdue": is_overdue,
        "offering": figures.localised(line.offering),
        "carrier": figures.localised(line.account.carrier),
        "price": figures.amount(line.price_minor, line.order.currency),
        "attempts": [_attempt(attempt) for attempt in attempts],
        "evidence": evidence,
        "calls": [_call(call) for call in calls_of([line])],
        "cases": [case_link(case) for case in _cases(line, is_overdue=is_overdue)],
        "actions": _actions(request, line, evidence),
        "timeline": around(events=events, lines=[line], payments=[], refunds=[]),
    }
    return render(request, "console/line.html", context)


def decide(request: HttpRequest, line_id: int, what: str) -> HttpResponse:
    """One decision, posted from the line's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if what not in decisions.ACTIONS:
        raise Http404
    get_object_or_404(OrderLine.objects.only("id"), id=line_id)
    why, proof = (request.POST.get(name, "").strip()[:500] for name in ("why", "proof"))
    try:
        said = decisions.take(what, line_id=line_id, why=why, proof=proof)
    except CannotDecide as refused:
        messages.error(request, why_not("line", refused.code))
    else:
        messages.success(request, decisions.DECIDED[said])
    return redirect("admin:ordering_orderline_change", line_id)


def _line(line_id: int) -> OrderLine:
    joined = OrderLine.objects.select_related("order", "sim", "offering", "account__carrier")
    return get_object_or_404(joined, id=line_id)


def _cases(line: OrderLine, *, is_overdue: bool) -> list[Case]:
    """The line's own cases; if it is overdue, also those of its account and offering, which may be the cause."""
    found = list(open_cases_of("orderline", [line.pk]))
    if is_overdue:
        found += open_cases_of("carrieraccount", [line.account_id])
        found += open_cases_of("offering", [line.offering_id])
    return found


def _actions(request: HttpRequest, line: OrderLine, evidence: Evidence) -> dict[str, Any]:
    """The decisions open to this person in the line's state, and who has decided what already."""
    can = {what: may(request.user, action) for what, action in decisions.ACTIONS.items()}
    return {
        "ask": can["ask"] and (line.state in STUCK or line.is_set_aside),
        "send": can["send"] and line.state == State.UNKNOWN,
        "let": can["let"] and evidence.is_held_back,
        "refund": can["refund"]
        and (line.state in (State.UNKNOWN, State.DISPUTED) or (line.state == State.READY and line.is_set_aside)),
        "accept": can["accept"] and line.state in (State.UNKNOWN, State.DISPUTED),
        "takes_two": line.state == State.UNKNOWN,
        "is_too_early": clock.now() < evidence.may_send_again_at,
        "send_at": figures.instant(evidence.may_send_again_at),
        "words": _words(line, request.user.pk),
    }


def _words(line: OrderLine, reader_id: int | None) -> dict[str, dict[str, Any]]:
    """Who has decided what about the newest attempt, and whether the reader is among them."""
    approvals = Approval.objects.filter(line_id=line.pk, attempt=line.attempt, taken_back_at=None).order_by("id")
    names = dict(Person.objects.filter(id__in=[one.person_id for one in approvals]).values_list("id", "sign_in_name"))
    words: dict[str, dict[str, Any]] = {decision: {"said": [], "has_said": False} for decision in Approval.Decision}
    for one in approvals:
        of_decision = words[one.decision]
        of_decision["said"].append((names.get(one.person_id, one.person_id), figures.instant(one.at), _decision(one)))
        of_decision["has_said"] |= one.person_id == reader_id
    return words


def _decision(approval: Approval) -> str:
    return accepted(approval.why) if approval.decision == Approval.Decision.ACCEPT else approval.why


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "sent": figures.instant(attempt.sent_at) if attempt.sent_at else "",
        "answered": figures.instant(attempt.answered_at),
        "outcome": badge(attempt.outcome, ATTEMPT_OUTCOMES),
        "detail": reason(attempt.why_code, attempt.detail),
        "carrier_number": attempt.carrier_number,
    }


def _call(call: Any) -> dict[str, Any]:
    return {
        "link": reverse("admin:carrier_call_change", args=[call.pk]),
        "at": figures.instant(call.started_at),
        "operation": call.operation,
        "is_change": call.is_change,
        "status": call.status,
        "took_ms": call.took_ms,
        "failure": call.failure,
        "answer": call.answer[:600],
    }
