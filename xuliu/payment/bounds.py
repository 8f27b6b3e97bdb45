"""What providers return, brought within bounds once, whoever wrote the provider. Pure functions, no Django.

What is no answer to what was asked says nothing; a success without its figure, currency, time or number is odd.
"""

from dataclasses import replace

from xuliu.common.bounds import moment, name, whole, words
from xuliu.payment.contract import Done, Odd, Opened, Outcome, Signed, Standing, Subject, Truth
from xuliu.payment.reading import MOST_MINOR

TOKEN, NUMBER, DETAIL, NOTICE_ID = 512, 64, 200, 80
NO_ANSWER = "the provider gave no answer to what was asked"


def bounded_opened(said: object) -> Opened:
    """The answer to an opening; UNKNOWN where it is none, or is good without anything to pay by."""
    if not isinstance(said, Opened) or not _is(said.outcome, Outcome):
        return Opened(outcome=Outcome.UNKNOWN, detail=NO_ANSWER)
    token = name(said.token, most=TOKEN)
    is_payable = bool(token) or said.outcome is not Outcome.DONE
    outcome = said.outcome if is_payable else Outcome.UNKNOWN
    return Opened(outcome=outcome, token=token, detail=words(said.detail, most=DETAIL))


def bounded_done(said: object) -> Done:
    """The answer to a close or a refund; UNKNOWN where it is none."""
    if not isinstance(said, Done) or not _is(said.outcome, Outcome):
        return Done(outcome=Outcome.UNKNOWN, detail=NO_ANSWER)
    return Done(
        outcome=said.outcome,
        number=name(said.number, most=NUMBER),
        detail=words(said.detail, most=DETAIL),
        standing=said.standing if _is(said.standing, Standing) else None,
    )


def bounded_truth(said: object) -> Truth:
    """What is said of a payment or a refund. Raises Odd."""
    if not isinstance(said, Truth) or not (_is(said.standing, Standing) and _is(said.subject, Subject)):
        raise Odd(NO_ANSWER)
    truth = replace(
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
    if not truth.reference:
        raise Odd("no reference")
    if missing := _missing(truth):
        raise Odd(f"a {truth.subject} that {truth.standing}, without its {missing}", reference=truth.reference)
    return truth


def _missing(truth: Truth) -> str:
    """What must be said with it. Without its number two payments could not be told from one announced twice."""
    is_payment = truth.subject is Subject.PAYMENT
    if is_payment and truth.standing in (Standing.SUCCEEDED, Standing.REFUNDED) and not truth.number:
        return "number"
    if truth.standing is not Standing.SUCCEEDED:
        return ""
    if truth.amount_minor is None or len(truth.currency) != 3:
        return "amount"
    return "time" if is_payment and truth.at is None else ""


def bounded_signed(said: object) -> Signed:
    """A notice's identity. Raises Odd."""
    if not isinstance(said, Signed) or not (_is(said.subject, Subject) and name(said.notice_id, most=NOTICE_ID)):
        raise Odd("a notice without an identity")
    return said


def _is(value: object, kind: type) -> bool:
    """Whatever its annotation says: a provider that was dropped in need not keep to it."""
    return isinstance(value, kind)
