"""Of what a provider says of a refund the later truth counts, in whatever order and batches it was stored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.payment.contract import Status, StatusReport, Subject
from xuliu.payment.inbox import ReadNotice
from xuliu.payment.models import Payment, Refund, RefundNumber
from xuliu.payment.refund_notices import ENDS, differs, latest_reports

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
WORDS = st.lists(
    st.tuples(st.sampled_from([Status.SUCCEEDED, Status.CLOSED, Status.FAILED]), st.integers(0, 5)),
    min_size=1,
    max_size=6,
    unique_by=lambda word: word[1],
)


def read_notice(status: Status, said: int, notice_id: int) -> ReadNotice:
    report = StatusReport(subject=Subject.REFUND, reference="0r", status=status, said_at=NOON + timedelta(minutes=said))
    # Stored in an order of its own, long after it was said.
    at = NOON + timedelta(days=1, minutes=notice_id)
    return ReadNotice(
        notice_id=notice_id, account_id=1, received_at=at, is_pushed=True, merchant_number="", report=report
    )


@given(words=WORDS, order=st.randoms(use_true_random=False), cut=st.integers(0, 6))
def test_the_later_truth_counts_and_a_success_is_never_taken_back(
    words: list[tuple[Status, int]], order: Random, cut: int
) -> None:
    stored = list(words)
    order.shuffle(stored)
    notices = [read_notice(status, said, at) for at, (status, said) in enumerate(stored)]
    number = RefundNumber(pk=1, refund_id=1, reference="0r")
    for batch in (notices[:cut], notices[cut:]):
        for one, one_read in latest_reports([(one, number) for one in batch]):
            one_read.status, one_read.said_at = ENDS[one.report.status], one.said_at

    last = max(words, key=lambda word: word[1])[0]
    expected = Status.SUCCEEDED if any(status is Status.SUCCEEDED for status, _ in words) else last
    assert number.status == expected.value


def test_what_the_provider_said_before_we_asked_again_ends_no_open_number_twice() -> None:
    number = RefundNumber(pk=1, refund_id=1, reference="0r", status="closed", said_at=NOON + timedelta(minutes=9))
    assert latest_reports([(read_notice(Status.FAILED, 3, 1), number)]) == []
    assert latest_reports([(read_notice(Status.CLOSED, 9, 1), number)]) != []


@pytest.mark.parametrize(
    ("said", "is_odd"),
    [
        ({}, False),
        ({"amount_minor": 3600, "payment_reference": "0p"}, False),
        ({"amount_minor": 3599}, True),
        ({"amount_minor": 3600, "payment_reference": "another"}, True),
    ],
)
def test_what_is_of_another_amount_or_payment_ends_no_refund(said: dict[str, Any], is_odd: bool) -> None:
    one_read = read_notice(Status.SUCCEEDED, 1, 1)
    refund = Refund(amount_minor=3600, payment=Payment(reference="0p", account_id=1))
    assert differs(replace(one_read, report=replace(one_read.report, **said)), refund) is is_odd
    assert differs(replace(one_read, account_id=2), refund)
