"""Files that made other systems go wrong (`cases/`), after their public bug reports: what each has to become here."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.make import make_account
from xuliu.inventory.finding import sim_by_iccid, sim_by_msisdn, terminal_by_serial_number
from xuliu.inventory.import_sims import Report, import_sims
from xuliu.inventory.imports.problems import LineFault
from xuliu.inventory.look_ups import unlock
from xuliu.inventory.models import Sim, Terminal
from xuliu.inventory.tests.lines import faults, refusals
from xuliu.party.models import Merchant

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parent / "cases"


def imported(name: str, *, account: str = "cmcc-demo", connector: str = "onelink") -> Report:
    """What became of that file for an account of ours."""
    if not Sim.objects.filter(account__code=account).exists():
        make_account(code=account, connector=connector)
    return import_sims(path=CASES / f"{name}.csv", account_code=account)


def warnings(report: Report) -> list[tuple[int, str]]:
    """Line and column of what was imported and is to be checked."""
    return [(problem.line, problem.column) for problem in report.problems if not problem.is_refusal]


def test_a_spreadsheets_text_mark_is_in_no_serial_number_and_no_code() -> None:
    report = imported("serial-with-apostrophe")

    assert not report.refused_lines()
    assert Terminal.objects.get().serial_number == "8600009383"
    assert Merchant.objects.get().code == "T01"


def test_a_spreadsheets_text_mark_is_in_no_iccid_and_no_msisdn() -> None:
    report = imported("card-with-apostrophe")

    assert not report.refused_lines()
    assert Sim.objects.values_list("iccid", "msisdn").get() == ("89860400000000000011", "1064800000011")


def test_excels_hint_about_the_separator_is_passed_over() -> None:
    report = imported("sep-line")

    assert (report.lines, report.refused_lines()) == (1, 0)
    assert Sim.objects.get().iccid == "89860400000000000029"


def test_signs_that_cannot_be_seen_are_stored_nowhere_and_the_printed_number_finds_the_sim() -> None:
    report = imported("zero-width-serial")

    assert not report.refused_lines()
    assert set(Terminal.objects.values_list("serial_number", flat=True)) == {"N8600009391", "N8600009045"}
    assert Merchant.objects.get().code == "T01"
    for typed in ("N8600009391", "N86\u200b00009391", " n8600009045 ", "SN：N8600009045"):
        assert terminal_by_serial_number(typed) is not None, typed


def test_a_spreadsheets_words_for_nothing_are_nothing() -> None:
    report = imported("null-and-na")

    assert refusals(report) == [(4, "terminal_brand"), (4, "terminal_model")]
    assert not Merchant.objects.exists()
    assert Terminal.objects.count() == Sim.objects.count() == 3
    assert not Terminal.objects.filter(serial_number__contains="N/A").exists()


def test_a_line_break_in_a_cell_is_a_space_in_a_name_and_the_next_line_goes_in() -> None:
    report = imported("line-break-in-cell")

    assert (report.lines, report.refused_lines()) == (2, 0)
    assert Merchant.objects.get().name == "Tea house upstairs"
    assert Sim.objects.count() == 2


def test_days_with_midnight_or_the_last_second_behind_them_are_days() -> None:
    report = imported("dates-with-times")

    assert not report.refused_lines()
    periods = set(Sim.objects.values_list("period_start_on", "period_end_on"))
    assert periods == {(date(2026, 1, 1), date(2027, 1, 1))}


def test_an_iccid_that_was_rounded_and_then_shown_whole_is_not_taken_without_a_warning() -> None:
    report = imported("rounded-to-zeros")

    assert warnings(report) == [(2, "iccid")]
    assert faults(report) == [(2, "iccid", LineFault.MAYBE_ROUNDED)]


def test_a_number_with_the_country_code_is_stored_as_the_carrier_calls_it() -> None:
    report = imported("plus86")

    sim = Sim.objects.get()
    assert not report.problems
    assert sim.msisdn == "1440500000003"
    for typed in ("+861440500000003", "0086 1440500000003", "144 0500 000 003"):
        assert sim_by_msisdn(typed) == sim


def test_a_number_that_was_stored_otherwise_is_set_right_by_the_same_file() -> None:
    imported("plus86")
    Sim.objects.update(msisdn="861440500000003")

    report = imported("plus86")

    assert (report.problems, report.written.sims_changed) == ([], 1)
    assert Sim.objects.get().msisdn == "1440500000003"


def test_one_number_for_two_sims_is_refused_once_with_and_once_without_the_country_code() -> None:
    report = imported("plus86-twice")

    assert refusals(report) == [(2, "msisdn"), (3, "msisdn")]
    assert not Sim.objects.exists()


@pytest.mark.parametrize("connector", ["onelink", "1nce"])
def test_a_number_that_a_stored_sim_has_is_refused_however_either_carrier_writes_it(connector: str, file: Any) -> None:
    imported("plus86")
    make_account(code="other", connector=connector)

    report = import_sims(
        path=file([{"iccid": "8988228066600000052", "msisdn": "+86 1440500000003"}]), account_code="other"
    )

    assert refusals(report) == [(2, "msisdn")]


def test_one_card_by_19_and_by_20_digits_is_one_sim_where_its_carrier_says_so() -> None:
    first = imported("card-19-digits", account="1nce-demo", connector="1nce")
    second = imported("same-card-20-digits", account="1nce-demo")

    sim = Sim.objects.get()
    assert not first.problems
    assert not second.problems
    assert second.written.total() == 0
    assert sim_by_iccid("8988280666000000519") == sim_by_iccid("89882806660000005191") == sim
    assert sim_by_iccid("89882806660000005192") is None


def test_a_service_password_opens_a_card_by_either_of_its_numbers(file: Any) -> None:
    make_account(code="1nce-demo", connector="1nce")
    short, long = "8988280666000000519", "89882806660000005191"
    import_sims(path=file([{"iccid": long, "service_password": "'004812"}]), account_code="1nce-demo")
    again = import_sims(path=file([{"iccid": short, "service_password": "004812"}]), account_code="1nce-demo")

    known: dict[str, Any] = {"address": "203.0.113.5", "browser_of": lambda whom: ""}
    assert again.written.total() == 0
    for typed in (short, long):
        assert unlock(typed=typed, password=" ００４８１２\u200b", **known) == Sim.objects.get()
        assert unlock(typed=typed, password="4812", **known) is None


def test_19_and_20_digits_are_two_cards_where_the_carrier_knows_nothing_of_it() -> None:
    imported("card-19-digits")
    imported("same-card-20-digits")

    assert Sim.objects.count() == 2
    assert [str(sim_by_iccid(number)) for number in ("8988280666000000519", "89882806660000005191")] == [
        "8988280666000000519",
        "89882806660000005191",
    ]
