import pytest
from pytest_django import DjangoAssertNumQueries

from xuliu.ledger import addresses
from xuliu.ledger.operations import post
from xuliu.ledger.queries import OrderTotals, order_totals, postings_of_order
from xuliu.ledger.tests.entries import AT, make_entry

HELD, EARNED, VAT = addresses.held(1), addresses.REVENUE_DATA, addresses.VAT_PAYABLE
OWED_BACK = addresses.refund_payable(1)


def walk_order() -> None:
    """36 yuan paid for two lines: one delivered (20, of it 1.13 tax; it cost 12), one owed back (16)."""
    post(
        [
            make_entry(),
            make_entry("line:1:release", source=HELD, destination=EARNED, amount_minor=2_000),
            make_entry("line:1:tax", source=EARNED, destination=VAT, amount_minor=113),
            make_entry("line:1:cost", source=addresses.carrier_payable(1), destination="cost:data", amount_minor=1_200),
            make_entry("line:2:release", source=HELD, destination=OWED_BACK, amount_minor=1_600),
        ],
        at=AT,
    )


@pytest.mark.django_db
def test_what_was_paid_is_held_earned_or_refunded() -> None:
    walk_order()

    assert order_totals([1, 2]) == {
        1: OrderTotals(paid_minor=3_600, held_minor=0, earned_minor=2_000, refunded_minor=1_600),
        2: OrderTotals(),
    }


@pytest.mark.django_db
def test_sending_a_refund_out_does_not_count_it_twice() -> None:
    walk_order()
    post(
        [
            make_entry(
                "refund:1:sent", source=OWED_BACK, destination=addresses.provider_receivable(1), amount_minor=1_600
            ),
            make_entry("line:1:reversal", source=EARNED, destination=OWED_BACK, amount_minor=2_000),
        ],
        at=AT,
    )

    assert order_totals([1])[1] == OrderTotals(paid_minor=3_600, earned_minor=0, refunded_minor=3_600)


@pytest.mark.django_db
def test_the_postings_of_an_order_are_told_oldest_first() -> None:
    walk_order()
    post([make_entry("payment:2:received", destination=addresses.held(2), order_id=2)], at=AT)

    assert [seen.reference for seen in postings_of_order(1)][:2] == ["line:1:cost", "line:1:release"]
    assert {seen.reference for seen in postings_of_order(2)} == {"payment:2:received"}


@pytest.mark.django_db
def test_the_totals_of_many_orders_are_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    walk_order()

    with django_assert_num_queries(1):
        assert len(order_totals(range(1000))) == 1000
