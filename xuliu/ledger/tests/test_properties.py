"""Whatever is posted, in whatever order and however often: the books agree with a book kept by hand."""

from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from xuliu.ledger import addresses
from xuliu.ledger.operations import Contradiction, Entry, fold_checkpoints, post
from xuliu.ledger.queries import balances, trial_balance
from xuliu.ledger.tests.entries import AT

PLACES = [
    addresses.held(1),
    addresses.held(2),
    addresses.provider_receivable(1),
    addresses.refund_payable(1),
    addresses.carrier_payable(1),
    addresses.REVENUE_DATA,
    addresses.VAT_PAYABLE,
    addresses.SUSPENSE,
]
CURRENCIES = ["CNY", "EUR"]
FIGURES = st.tuples(
    st.sampled_from(PLACES), st.sampled_from(PLACES), st.integers(0, 10**12), st.sampled_from(CURRENCIES)
).filter(lambda figures: figures[0] != figures[1])
NUMBERS = st.integers(1, 40)


def entry(number: int, figures: tuple[str, str, int, str]) -> Entry:
    source, destination, amount, currency = figures
    return Entry(
        reference=f"thing:{number}", source=source, destination=destination, amount_minor=amount, currency=currency
    )


class Books(RuleBasedStateMachine):
    """Posts, repeats, contradicts and folds."""

    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.by_hand: Counter[tuple[str, str]] = Counter()
        self.known: dict[str, Entry] = {}
        self.block = transaction.atomic()
        self.block.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @rule(target=posted, drawn=st.lists(st.tuples(NUMBERS, FIGURES), max_size=8, unique_by=lambda pair: pair[0]))
    def post_a_set(self, drawn: list[tuple[int, tuple[str, str, int, str]]]) -> Any:
        entries = [entry(number, figures) for number, figures in drawn]
        moving = [one for one in entries if one.amount_minor]
        contradicts = any(self.known.get(one.reference, one) != one for one in moving)
        try:
            with transaction.atomic():
                post(entries, at=AT)
        except Contradiction:
            assert contradicts
            return multiple()
        assert not contradicts
        for one in moving:
            if one.reference not in self.known:
                self.known[one.reference] = one
                self.by_hand[one.destination, one.currency] += one.amount_minor
                self.by_hand[one.source, one.currency] -= one.amount_minor
        return multiple(*moving)

    @rule(again=posted, times=st.integers(1, 3))
    def repeat(self, again: Entry, times: int) -> None:
        post([again] * times, at=AT)

    @rule()
    def fold(self) -> None:
        fold_checkpoints()

    @invariant()
    def the_book_by_hand_agrees(self) -> None:
        for currency in CURRENCIES:
            expected = {place: self.by_hand[place, currency] for place in PLACES}
            assert balances(PLACES, currency) == expected

    @invariant()
    def every_currency_adds_up_to_nothing(self) -> None:
        lines = trial_balance()
        for currency in CURRENCIES:
            assert sum(line.balance_minor for line in lines if line.currency == currency) == 0


@pytest.mark.django_db
def test_the_books_agree_after_every_step() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
