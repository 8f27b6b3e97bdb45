"""Reading the numbers of cards and terminals: what stands around them is understood, what would be a guess is said."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.carrier.contract import luhn_digit
from xuliu.inventory import numbers
from xuliu.inventory.numbers import NotSuchANumber, NumberFault

ICCID, MSISDN, SERIAL_NUMBER = "89860446091891123456", "1440500000003", "N8600009383"
READERS: tuple[Callable[[str], str], ...] = (
    numbers.iccid_of,
    numbers.msisdn_of,
    numbers.imei_of,
    numbers.serial_number_of,
)
# What a spreadsheet, a chat, a modem or a person leaves around a number, or in it.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u202e\u2060\u2066\u2069\u00ad\u034f\ufe0f\ufeff"
SPACES = " \t\r\n\xa0\u2003\u2009\u202f\u3000"
AROUND = [
    *(("", sign) for sign in INVISIBLE + SPACES),
    *((sign, "") for sign in INVISIBLE + SPACES + "'’‘＇"),
    *(('"', '"'), ("“", "”"), ("「", "」"), ("(", ")"), ("【", "】"), ('="', '"'), ("\u202d", "\u202c")),
    *(("", ","), ("", "。"), ("ICCID:", ""), ("ICCID：", ""), ("iccid ", ""), ("+CCID: ", ""), ("No. ", "")),
    *(("SN:", ""), ("S/N ", ""), ("卡号：", ""), ("卡号", ""), ("序列号", "")),
]
around = st.lists(st.sampled_from(AROUND), max_size=4)
inside = st.lists(st.sampled_from([*INVISIBLE, *SPACES, "-", "\u2010", "\u2013", "\uff0d"]), max_size=4)
digits = st.text("0123456789", min_size=1, max_size=20)


def decorated(number: str, pairs: list[tuple[str, str]], within: list[str], place: int, *, is_wide: bool) -> str:
    """The number with all that around and in it."""
    if is_wide:
        number = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() else sign for sign in number)
    cut = place % (len(number) - 1) + 1
    text = number[:cut] + "".join(within) + number[cut:]
    for before, after in pairs:
        text = f"{before}{text}{after}"
    return text


def number_in(read: Callable[[str], str], text: str) -> str | None:
    """The number, or None where the text is none."""
    try:
        return read(text)
    except NotSuchANumber:
        return None


@given(around, inside, st.integers(0, 40), st.booleans())
def test_a_number_is_read_the_same_however_it_is_decorated(
    pairs: list[tuple[str, str]], within: list[str], place: int, is_wide: bool
) -> None:
    def text(number: str) -> str:
        return decorated(number, pairs, within, place, is_wide=is_wide)

    assert numbers.iccid_of(text(ICCID)) == ICCID
    assert numbers.msisdn_of(text(MSISDN)) == MSISDN
    assert numbers.serial_number_of(text(SERIAL_NUMBER)) == SERIAL_NUMBER


@given(st.text(max_size=200) | st.text(st.sampled_from(f"{INVISIBLE}{SPACES}SNOIC:'\"()=+0189.E卡号-\0"), max_size=60))
def test_any_text_is_read_or_refused_and_reading_again_changes_nothing(text: str) -> None:
    for read in READERS:
        number = number_in(read, text)
        assert number is None or number_in(read, number) == number
        assert "\0" not in (number or "")


@pytest.mark.parametrize(
    ("given_text", "read"),
    [
        (" 8986 0446-0918 9112 3456 ", ICCID),
        ("898604b1234567890123", "898604B1234567890123"),
        ("898822806600000000F", "898822806600000000F"),
        ("8988228066000000001F", "8988228066000000001"),
        ("898822806600000000FF", "898822806600000000"),
        ('+CCID: "89860446091891123456"\r\n\r\nOK', ICCID),
        ("^ICCID: 8986044609189112345F", "8986044609189112345"),
        ("SIM卡号：８９８６０４４６０９１８９１１２３４５６", ICCID),
    ],
)
def test_an_iccid_is_read_as_it_is_stored(given_text: str, read: str) -> None:
    assert numbers.iccid_of(given_text) == read


@pytest.mark.parametrize(
    ("given_text", "read"),
    [
        ("+86 144 0500 000 003", "861440500000003"),
        ("0086-1440500000003", "861440500000003"),
        ("(+86) 1440500000003", "861440500000003"),
        ("'1440500000003", MSISDN),
        ("1440500000003.0", MSISDN),
        ("接入号 1440500000003", MSISDN),
    ],
)
def test_an_msisdn_loses_what_only_calls_need(given_text: str, read: str) -> None:
    assert numbers.msisdn_of(given_text) == read


def test_a_serial_number_may_itself_begin_like_its_name() -> None:
    assert numbers.serial_number_of("SN12345") == "SN12345"
    assert numbers.serial_number_of("SN 12345") == numbers.serial_number_of("sn：12345") == "12345"
    assert numbers.serial_number_of("NO1234") == "NO1234"


@pytest.mark.parametrize(
    ("read", "text", "fault", "facts"),
    [
        (numbers.iccid_of, "", NumberFault.LENGTH, {"count": 0}),
        (numbers.iccid_of, "898604460918911234567", NumberFault.LENGTH, {"count": 21}),
        (numbers.iccid_of, "8986044609189112345_", NumberFault.SIGN, {"place": 20, "sign": "_"}),
        (numbers.iccid_of, "8986O446091891123456", NumberFault.LOOKALIKE, {"place": 5, "letter": "O", "digit": "0"}),
        (numbers.iccid_of, "898604460918911l3456", NumberFault.LOOKALIKE, {"place": 16, "letter": "L", "digit": "1"}),
        (numbers.iccid_of, "8986А446091891123456", NumberFault.SIGN, {"place": 5, "sign": "А"}),
        (numbers.iccid_of, "8986044\x006091891123456", NumberFault.SIGN, {"place": 8, "sign": "\0"}),
        (numbers.iccid_of, "٨٩٨٦٠٤٤٦٠٩١٨٩١١٢٣٤٥٦", NumberFault.SIGN, {"place": 1, "sign": "٨"}),
        (numbers.iccid_of, "98684064901819214365", NumberFault.SWAPPED, {"perhaps": "89860446098191123456"}),
        (numbers.iccid_of, "8.98604E+19", NumberFault.ROUNDED, {}),
        (numbers.iccid_of, "89860446091891100000.0", NumberFault.ROUNDED, {}),
        *(
            (read, text, NumberFault.FORMULA, {})
            for read in (numbers.iccid_of, numbers.msisdn_of, numbers.imei_of, numbers.serial_number_of)
            for text in (
                '=HYPERLINK("http://x","8986044609189112345")',
                "=A1",
                "= B$2",
                "=1+1",
                "@SUM(1)",
                "+SUM(1)",
                "-INT(2)",
                "＝Ａ１",
                '"=A1&B1"',
            )
        ),
        (numbers.msisdn_of, "8,98604E+19", NumberFault.ROUNDED, {}),
        (numbers.msisdn_of, "144O500000003", NumberFault.LOOKALIKE, {"place": 4, "letter": "O", "digit": "0"}),
        (numbers.msisdn_of, "++8614405123456", NumberFault.SIGN, {"place": 1, "sign": "+"}),
        (numbers.msisdn_of, "12345", NumberFault.LENGTH, {"count": 5}),
        (numbers.imei_of, "490154203237519", NumberFault.CHECK_DIGIT, {}),
        (numbers.serial_number_of, "1.2E+15", NumberFault.ROUNDED, {}),
        (numbers.serial_number_of, "N86\x0700009383", NumberFault.SIGN, {"place": 4, "sign": "\a"}),
        (numbers.serial_number_of, "\u200b", NumberFault.LENGTH, {"count": 0}),
        (numbers.serial_number_of, "9" * 41, NumberFault.LENGTH, {"count": 41}),
        (numbers.serial_number_of, "\udc80", NumberFault.SIGN, {"place": 1, "sign": "\udc80"}),
    ],
)
def test_what_is_refused_says_what_is_wrong_and_where(
    read: Callable[[str], str], text: str, fault: NumberFault, facts: dict[str, object]
) -> None:
    with pytest.raises(NotSuchANumber) as refused:
        read(text)

    assert (refused.value.fault, refused.value.facts) == (fault, facts)


def test_an_iccid_of_19_digits_is_taken_whatever_its_check_digit() -> None:
    assert numbers.iccid_of("8986044609189112345") == "8986044609189112345"


def test_a_digit_swapped_number_is_named_and_not_turned_round() -> None:
    swapped = "".join(pair[::-1] for pair in (ICCID[place : place + 2] for place in range(0, 20, 2)))

    with pytest.raises(NotSuchANumber) as refused:
        numbers.iccid_of(swapped)

    assert (refused.value.fault, refused.value.facts["perhaps"]) == (NumberFault.SWAPPED, ICCID)


def test_an_imei_of_14_15_or_16_digits_becomes_one_of_15() -> None:
    assert {numbers.imei_of(text) for text in ("49015420323751", "IMEI: 490154203237518", "4901542032375101")} == {
        "490154203237518"
    }


def test_where_nothing_is_found_only_what_helps_is_said() -> None:
    def why(text: str) -> NumberFault | None:
        refused = numbers.readings(text).why_none
        return refused.fault if refused else None

    assert why("8986O446091891123456") is why("N86OO009383") is NumberFault.LOOKALIKE
    assert why("8986\x000446091891123456") is NumberFault.SIGN
    assert why("=HYPERLINK(8986)") is NumberFault.FORMULA
    assert [why(text) for text in (ICCID, SERIAL_NUMBER, "T-01/5", "8986")] == [None] * 4


def test_the_beginning_proposes_a_carrier_where_it_is_known() -> None:
    assert [
        numbers.proposed_carrier(f"{prefix}B1234567890123") for prefix in ("898604", "898606", "898611", "898822")
    ] == ["china-mobile", "china-unicom", "china-telecom", None]


def test_a_number_that_a_spreadsheet_rounded_and_showed_whole_is_told_apart() -> None:
    assert numbers.is_round("89860400001234600000")
    assert not any(map(numbers.is_round, ("89860400001234600001", "1440500000000", "898604B0001230000000")))


@given(digits)
def test_a_check_digit_notices_every_single_wrong_digit(text: str) -> None:
    whole = text + luhn_digit(text)
    assert not numbers.fails_luhn(whole)
    for place in range(len(whole)):
        other = str((int(whole[place]) + 1) % 10)
        assert numbers.fails_luhn(whole[:place] + other + whole[place + 1 :])


@pytest.mark.parametrize("repeated", ["SN:", "'", "((", "9.", "E+", "\u200b", "卡号", "0", "1 "])
def test_what_it_costs_to_read_a_text_does_not_grow_with_it(repeated: str) -> None:
    text = repeated * 500_000

    began = time.process_time()
    for read in READERS:
        with pytest.raises(NotSuchANumber):
            read(text)

    assert time.process_time() - began < 0.5
