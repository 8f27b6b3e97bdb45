"""Checks what providers return, whoever wrote the provider. Pure functions, no Django.

Anything that is not an answer to the question is none; a success without amount, currency, time or number is malformed.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from xuliu.common.bounds import moment, name, whole, words
from xuliu.payment.contract import (
    ChangeResult,
    Malformed,
    OpenResult,
    Outcome,
    PagePart,
    Status,
    StatusReport,
    Subject,
    VerifiedNotice,
    Way,
)
from xuliu.payment.reading import MOST_MINOR

TOKEN, NUMBER, DETAIL, NOTICE_ID = 512, 64, 200, 80
NO_ANSWER = "the provider gave no answer to what was asked"


def bounded_open_result(said: object, *, way: Way | None) -> OpenResult:
    """The result of an opening; UNKNOWN if it is not one, or succeeds without the token its way needs."""
    if not isinstance(said, OpenResult) or not _is(said.outcome, Outcome):
        return OpenResult(outcome=Outcome.UNKNOWN, detail=NO_ANSWER)
    token = name(said.token, most=TOKEN)
    is_payable = said.outcome is not Outcome.DONE or _is_payable(token, way)
    outcome = said.outcome if is_payable else Outcome.UNKNOWN
    return OpenResult(outcome=outcome, token=token, detail=words(said.detail, most=DETAIL))


def _is_payable(token: str, way: Way | None) -> bool:
    """A token that the page redirects to must be a web address, not a script."""
    part = way.part if way else None
    if part is PagePart.REDIRECT:
        return urlsplit(token).scheme in ("https", "http")
    return bool(token) or part is PagePart.NOTHING


def bounded_change(said: object) -> ChangeResult:
    """The result of a close or a refund; UNKNOWN if it is not one."""
    if not isinstance(said, ChangeResult) or not _is(said.outcome, Outcome):
        return ChangeResult(outcome=Outcome.UNKNOWN, detail=NO_ANSWER)
    return ChangeResult(
        outcome=said.outcome,
        number=name(said.number, most=NUMBER),
        detail=words(said.detail, most=DETAIL),
        status=said.status if _is(said.status, Status) else None,
    )


def bounded_report(said: object) -> StatusReport:
    """The report on a payment or a refund. Raises Malformed."""
    if not isinstance(said, StatusReport) or not (_is(said.status, Status) and _is(said.subject, Subject)):
        raise Malformed(NO_ANSWER)
    report = replace(
        said,
        reference=name(said.reference, most=NUMBER),
        amount_minor=whole(said.amount_minor, most=MOST_MINOR),
        currency=name(said.currency, most=3),
        number=name(said.number, most=NUMBER),
        at=moment(said.at),
        merchant_number=name(said.merchant_number, most=NUMBER),
        payment_reference=name(said.payment_reference, most=NUMBER),
        detail=words(said.detail, most=DETAIL),
        said_at=moment(said.said_at),
    )
    if not report.reference:
        raise Malformed("no reference")
    if missing := _missing(report):
        raise Malformed(f"a {report.subject} that {report.status}, without its {missing}", reference=report.reference)
    return report


def _missing(report: StatusReport) -> str:
    """The name of a field that is missing. Without a number, two payments would look like one announced twice."""
    is_payment = report.subject is Subject.PAYMENT
    if is_payment and report.status in (Status.SUCCEEDED, Status.REFUNDED) and not report.number:
        return "number"
    if report.status is not Status.SUCCEEDED:
        return ""
    if report.amount_minor is None or len(report.currency) != 3:
        return "amount"
    return "time" if is_payment and report.at is None else ""


def bounded_verified_notice(said: object) -> VerifiedNotice:
    """A notice's identity. Raises Malformed."""
    if not isinstance(said, VerifiedNotice) or not (
        _is(said.subject, Subject) and name(said.notice_id, most=NOTICE_ID)
    ):
        raise Malformed("a notice without an identity")
    return said


def _is(value: object, kind: type) -> bool:
    """Whether it really is of that type: a dropped-in provider may ignore annotations."""
    return isinstance(value, kind)
