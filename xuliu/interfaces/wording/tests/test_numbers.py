"""Why a number is refused, in words: every fault has its sentence, and no sign in it is invisible."""

from collections.abc import Callable

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from xuliu.interfaces.wording.numbers import refusal_of_number
from xuliu.inventory import numbers
from xuliu.inventory.numbers import Kind, NotSuchANumber, NumberFault

READERS = (numbers.iccid_of, numbers.msisdn_of, numbers.imei_of, numbers.serial_number_of)
FACTS = {"count": 3, "place": 2, "sign": "\u200b", "letter": "O", "digit": "0", "perhaps": "8986"}


def refusal_by(read: Callable[[str], str], text: str) -> NotSuchANumber | None:
    """Why this reader takes the text for no number."""
    try:
        read(text)
    except NotSuchANumber as refused:
        return refused
    return None


def is_seen(sentence: str) -> bool:
    """Whether every sign of it can be seen; between Han and figures stands a thin space."""
    return sentence.replace("\u2009", " ").isprintable()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_fault_of_every_kind_of_number_has_a_sentence(language: str) -> None:
    with override(language):
        said = {refusal_of_number(NotSuchANumber(kind, fault, **FACTS)) for kind in Kind for fault in NumberFault}

    assert len(said) == 2 * len(Kind) + len(NumberFault) - 2  # length and sign have one for each kind
    assert all(is_seen(sentence) and "%(" not in sentence for sentence in said)


@given(st.text(max_size=200) | st.text(st.sampled_from("\u200b\u202a\xa0 SNOIC:'\"()=+0189.E卡号-\0"), max_size=60))
def test_whatever_a_number_was_read_from_its_refusal_can_be_read(text: str) -> None:
    refusals = [refused for read in READERS if (refused := refusal_by(read, text))]
    assert all(is_seen(refusal_of_number(refused)) for refused in refusals)


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (numbers.iccid_of, "", "18 to 20 digits or capital letters; this one has 0"),
        (numbers.iccid_of, "8986044609189112345_", "at place 20 stands “_”"),
        (numbers.iccid_of, "8986O446091891123456", "at place 5 stands the letter O; is it the digit 0?"),
        (numbers.iccid_of, "8986А446091891123456", "at place 5 stands “А” U+0410 CYRILLIC CAPITAL LETTER A"),
        (numbers.iccid_of, "8986044\x006091891123456", "at place 8 stands U+0000 NULL"),
        (numbers.iccid_of, "98684064901819214365", "swapped pairs, as on a chip: is it 89860446098191123456?"),
        (numbers.msisdn_of, "8,98604E+19", "a spreadsheet has rounded this number"),
        (numbers.imei_of, "490154203237519", "does not fit the others"),
        (numbers.serial_number_of, "N86\x0700009383", "at place 4 stands U+0007 BELL, which no serial number has"),
        (numbers.serial_number_of, "\udc80", "at place 1 stands U+DC80"),
    ],
)
def test_a_refusal_names_what_is_wrong(read: Callable[[str], str], text: str, says: str) -> None:
    with override("en"), pytest.raises(NotSuchANumber) as refused:
        read(text)
    with override("en"):
        assert says in refusal_of_number(refused.value)
