"""What was wrong with a file of SIMs, in words: every fault has its sentence, and the result betrays no password."""

import re
from collections.abc import Mapping

import pytest
from django.utils.translation import override

from xuliu.interfaces.wording.imports import OF_FILE, OF_LINE, reason, refusal_of_file, result_rows
from xuliu.inventory.imports.problems import FileFault, LineFault, Problem, UnreadableFile
from xuliu.inventory.numbers import Kind, NumberFault

INNER = Problem(line=2, column="iccid", value="", fault=LineFault.CHECK_DIGIT_DIFFERS, is_refusal=False)
FACTS: Mapping[str, object] = {
    "path": "sims.csv", "why": "No such file", "program": "Excel", "encoding": "GBK", "most": 500_000, "line": 3,
    "column": "colour", "known": ("cmcc", "cu"), "code": "86", "longest": 40, "sign": "\a", "place": 4, "other": "8986",
    "lengths": (11, 13), "lines": (3, 9), "proposed": "china-mobile", "carrier": "china-unicom", "count": 18,
    "which": (2, 3, 4, 5, 6, 7), "what": INNER,
}  # fmt: skip


def a_problem(fault: LineFault | NumberFault, value: str = "x", **facts: object) -> Problem:
    return Problem(line=2, column="iccid", value=value, fault=fault, facts=facts or FACTS)


def is_seen(sentence: str) -> bool:
    """Whether every sign of it can be seen; between Han and figures stands a thin space."""
    return sentence.replace("\u2009", " ").isprintable()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_fault_of_a_file_and_of_a_line_has_a_sentence_of_its_own(language: str) -> None:
    assert (set(OF_FILE), set(OF_LINE)) == (set(FileFault), set(LineFault))
    with override(language):
        said = [refusal_of_file(UnreadableFile(fault, **FACTS)) for fault in FileFault]
        said += [reason(a_problem(fault)) for fault in LineFault]

    assert len(set(said)) == len(said)
    assert all(is_seen(sentence) and not re.search(r"%\(|Problem|<", sentence) for sentence in said)


def test_facts_stand_in_their_sentences_as_people_read_them() -> None:
    with override("en"):
        assert reason(a_problem(LineFault.CONTRADICTED)).startswith("this stands with other data in line 3, 9 too")
        assert "have 11/13 digits" in reason(a_problem(LineFault.NOT_THIS_CARRIERS))
        assert "at place 4 stands U+0007 BELL" in reason(a_problem(LineFault.CONTROL_SIGN))
        assert reason(a_problem(LineFault.ACCOUNT_UNKNOWN, known=())).endswith("there are: –")
        common = reason(a_problem(LineFault.COMMON, count=18, lines=20, which=(2, 3, 4, 5, 6, 7), what=INNER))
    assert common.startswith("18 of 20 lines (2, 3, 4, 5, 6 …): the last digit is not the check digit")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_refused_cell_names_the_sign_in_it_that_cannot_be_seen(language: str) -> None:
    with override(language):
        password = reason(a_problem(LineFault.NOT_A_PASSWORD, "481\u200b"))
        account = reason(a_problem(LineFault.ACCOUNT_UNKNOWN, "nobody\u202e", known=("cmcc",)))
        length = reason(a_problem(NumberFault.LENGTH, "8986", kind=Kind.ICCID, count=4))

    assert "U+200B ZERO WIDTH SPACE" in password
    assert "4" in password
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in account
    assert "U+" not in length


def test_the_result_names_refused_lines_first_and_betrays_no_password() -> None:
    doubt = Problem(line=2, column="iccid", value="8986", fault=LineFault.MAYBE_ROUNDED, is_refusal=False)
    secret = Problem(line=5, column="service_password", value="a b", fault=LineFault.NOT_A_PASSWORD)

    with override("en"):
        headings, *rows = result_rows([doubt, secret])

    assert headings == ("line", "column", "value", "what", "reason")
    assert [row[:4] for row in rows] == [
        (5, "service_password", "", "refused"),
        (2, "iccid", "8986", "imported, please check"),
    ]
