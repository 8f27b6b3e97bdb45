"""What ICCID, MSISDN and IMEI look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.inventory import shapes

digits = st.text("0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("given_text", "read"),
    [
        ("89860446091891123456", "89860446091891123456"),
        (" 8986 0446-0918 9112 3456 ", "89860446091891123456"),
        ("898604b1234567890123", "898604B1234567890123"),
        ("898822806600000000F", "898822806600000000F"),
        ("8988228066000000001F", "8988228066000000001"),
        ("８９８６０４４６０９１８９１１２３４５６", "89860446091891123456"),
    ],
)
def test_an_iccid_is_read_as_it_is_stored(given_text: str, read: str) -> None:
    assert shapes.iccid_of(given_text) == read


@pytest.mark.parametrize(
    "text", ["", "8986", "89860446091891123456789", "8986044609189112345_", "٨٩٨٦٠٤٤٦٠٩١٨٩١١٢٣٤٥٦"]
)
def test_what_is_no_iccid_is_refused(text: str) -> None:
    with pytest.raises(shapes.WrongShape):
        shapes.iccid_of(text)


@pytest.mark.parametrize("text", ["8.98604E+19", "8,98604E+19", "9E+19", "8.98604e19"])
def test_a_number_that_a_spreadsheet_rounded_is_told_apart(text: str) -> None:
    with pytest.raises(shapes.Rounded):
        shapes.iccid_of(text)
    with pytest.raises(shapes.Rounded):
        shapes.msisdn_of(text)


def test_an_msisdn_drops_its_plus() -> None:
    assert shapes.msisdn_of("+86 144 0512 3456 7") == "8614405123456" + "7"
    with pytest.raises(shapes.WrongShape):
        shapes.msisdn_of("++8614405123456")


def test_an_imei_of_14_15_or_16_digits_becomes_one_of_15() -> None:
    assert {shapes.imei_of(text) for text in ("49015420323751", "490154203237518", "4901542032375101")} == {
        "490154203237518"
    }
    with pytest.raises(shapes.WrongShape):
        shapes.imei_of("490154203237519")


def test_the_beginning_proposes_a_carrier_where_it_is_known() -> None:
    assert [
        shapes.proposed_carrier(f"{prefix}B1234567890123") for prefix in ("898604", "898606", "898611", "898822")
    ] == [
        "china-mobile",
        "china-unicom",
        "china-telecom",
        None,
    ]


@given(digits)
def test_a_check_digit_notices_every_single_wrong_digit(text: str) -> None:
    whole = text + shapes.luhn_digit(text)
    assert not shapes.fails_luhn(whole)
    for place in range(len(whole)):
        other = str((int(whole[place]) + 1) % 10)
        assert shapes.fails_luhn(whole[:place] + other + whole[place + 1 :])


@given(st.text(st.characters(codec="ascii") | st.sampled_from("０９ＡＺａｚ－　")))
def test_compacting_twice_changes_no_more(text: str) -> None:
    assert shapes.compact(shapes.compact(text)) == shapes.compact(text)
