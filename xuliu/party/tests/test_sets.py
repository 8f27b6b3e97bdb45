import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from xuliu.party.models import Merchant, Seller
from xuliu.party.operations import SellerGiven, ensure_merchants, ensure_sellers


@pytest.mark.django_db
def test_missing_merchants_are_made_and_known_ones_are_found() -> None:
    first = ensure_merchants({"M1": "林记小吃", "M2": "梅子茶"})

    again = ensure_merchants({"M2": "梅子茶", "M3": "周家面馆"})

    assert again["M2"] == first["M2"]
    assert dict(Merchant.objects.values_list("code", "name")) == {"M1": "林记小吃", "M2": "梅子茶", "M3": "周家面馆"}


@pytest.mark.django_db
def test_a_new_name_replaces_the_old_and_an_empty_one_does_not() -> None:
    first = ensure_merchants({"M1": "林记"})

    assert ensure_merchants({"M1": "林记小吃"}) == first
    assert ensure_merchants({"M1": ""}) == first
    assert ensure_merchants({"M9": ""}).keys() == {"M9"}

    assert dict(Merchant.objects.values_list("code", "name")) == {"M1": "林记小吃", "M9": "M9"}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 1000])
def test_a_set_of_merchants_is_one_statement(count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    names = {f"M{number}": f"Shop {number}" for number in range(count)}

    with django_assert_num_queries(1):
        made = ensure_merchants(names)
    with django_assert_num_queries(1):
        assert ensure_merchants(names) == made

    assert len(made) == count


@pytest.mark.django_db
def test_the_same_set_again_writes_no_row() -> None:
    ensure_merchants({"M1": "林记"})
    version = Merchant.objects.extra(select={"version": "xmin::text"}).values_list("version", flat=True).get()

    ensure_merchants({"M1": "林记"})

    assert Merchant.objects.extra(select={"version": "xmin::text"}).values_list("version", flat=True).get() == version


@pytest.mark.django_db
def test_a_seller_is_made_once_and_its_number_series_is_left_alone() -> None:
    given = SellerGiven(
        code="xuliu", name={"zh-hans": "续流科技", "en": "Xuliu"}, tax_number="91310000MA1K", receipt_prefix="XL"
    )
    made = ensure_sellers([given])
    Seller.objects.update(last_receipt_number=41)

    assert ensure_sellers([given]) == made
    seller = Seller.objects.get()
    assert (seller.last_receipt_number, seller.tax_number, str(seller)) == (41, "91310000MA1K", "续流科技")


@pytest.mark.django_db
def test_a_seller_has_a_name_in_chinese() -> None:
    with pytest.raises(IntegrityError, match="seller_name_zh_hans"), transaction.atomic():
        ensure_sellers([SellerGiven(code="x", name={"en": "Xuliu"})])
