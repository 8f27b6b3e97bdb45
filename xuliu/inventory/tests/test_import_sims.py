"""Importing SIMs: good lines in, bad ones named, nothing half-written, the same file again changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.make import make_account, make_carrier, make_merchant, make_sim, make_terminal
from xuliu.carrier.models import CarrierAccount
from xuliu.inventory import import_sims as use_case
from xuliu.inventory import passwords
from xuliu.inventory.import_sims import import_sims
from xuliu.inventory.imports.columns import COLUMNS
from xuliu.inventory.imports.problems import LineFault
from xuliu.inventory.models import Binding, Sim, Terminal, TerminalModel
from xuliu.inventory.numbers import NumberFault
from xuliu.inventory.tests.lines import a_line, faults, refusals, versions
from xuliu.party.models import Merchant

pytestmark = pytest.mark.django_db


def test_a_line_becomes_a_sim_in_its_terminal_at_its_merchant(account: CarrierAccount, file: Any) -> None:
    report = import_sims(path=file([a_line(1, service_password="481516")]))

    sim = Sim.objects.select_related("merchant").get()
    terminal = Terminal.objects.select_related("model", "merchant").get()
    assert not report.problems
    assert (sim.iccid, sim.msisdn, sim.account, sim.state) == (a_line(1)["iccid"], "1440000000001", account, "ACTIVE")
    assert (sim.period_start_on, sim.period_end_on, sim.anchor_day) == (date(2026, 1, 31), date(2027, 1, 31), 31)
    assert (str(terminal), str(terminal.model), terminal.imei) == ("NL00000001", "Newland N910", "490154203237518")
    assert len(terminal.sticker_code) == 26
    assert sim.merchant == terminal.merchant == Merchant.objects.get(code="M0001", name="林记商店 1")
    assert Binding.objects.get().sim == sim
    assert "481516" not in sim.service_password
    assert passwords.fits([sim.iccid], "481516", sim.service_password)


def test_the_same_file_again_writes_no_row(account: CarrierAccount, file: Any) -> None:
    path = file([a_line(number, service_password=f"{number:06d}") for number in range(20)])
    assert import_sims(path=path).written.sims_new == 20
    before = versions()

    again = import_sims(path=path)

    assert again.written.total() == 0
    assert versions() == before
    assert not again.problems


def test_what_differs_is_changed_and_nothing_else(account: CarrierAccount, file: Any) -> None:
    import_sims(path=file([a_line(1), a_line(2)]))

    report = import_sims(path=file([a_line(1, last_day="2028-01-30", terminal_model="N950"), a_line(2)]))

    written = report.written
    assert (written.sims_changed, written.terminals_changed, written.total()) == (1, 1, 2)
    assert Sim.objects.get(iccid=a_line(1)["iccid"]).period_end_on == date(2028, 1, 31)
    assert Terminal.objects.get(serial_number="NL00000001").model.name == "N950"


def test_an_empty_cell_says_nothing(account: CarrierAccount, file: Any) -> None:
    import_sims(path=file([a_line(1)]))
    before = versions()

    import_sims(path=file([{"iccid": a_line(1)["iccid"], "carrier_account": "cmcc", "msisdn": "", "last_day": ""}]))

    assert versions() == before


def test_a_renewed_period_and_a_moved_state_are_kept_with_a_warning(account: CarrierAccount, file: Any) -> None:
    path = file([a_line(1, state="active")])
    import_sims(path=path)
    Sim.objects.update(period_end_on=date(2028, 1, 31), state="SUSPENDED")

    report = import_sims(path=path)

    assert faults(report) == [
        (2, "last_day", LineFault.KEPT_PERIOD),
        (2, "state", LineFault.KEPT_STATE),
    ]
    assert [problem.facts["other"] for problem in report.problems] == ["2028-01-30", "SUSPENDED"]
    assert report.refused_lines() == report.written.total() == 0


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("iccid", "8986044", NumberFault.LENGTH),
        ("iccid", "8.98604E+19", NumberFault.ROUNDED),
        ("iccid", "", LineFault.MISSING),
        ("msisdn", "12345", NumberFault.LENGTH),
        ("imei", "490154203237519", NumberFault.CHECK_DIGIT),
        ("last_day", "30.1.2027", LineFault.NOT_A_DATE),
        ("last_day", "2027-02-29", LineFault.NOT_A_DATE),
        ("last_day", "2026-01-30", LineFault.ENDS_BEFORE_START),
        ("state", "asleep", LineFault.NOT_A_STATE),
        ("carrier_account", "nobody", LineFault.ACCOUNT_UNKNOWN),
        ("carrier_account", "", LineFault.MISSING),
        ("terminal_brand", "", LineFault.NEEDS_OTHER),
        ("terminal_sn", "", LineFault.NEEDS_OTHER),
        ("terminal_sn", "1.2E+15", NumberFault.ROUNDED),
        ("merchant_name", "店" * 201, LineFault.TEXT_TOO_LONG),
        ("merchant_name", "a\x07b", LineFault.CONTROL_SIGN),
        ("service_password", "12", LineFault.NOT_A_PASSWORD),
    ],
)
def test_a_bad_cell_refuses_its_line_and_no_other(
    column: str, cell: str, fault: str, account: CarrierAccount, file: Any
) -> None:
    report = import_sims(path=file([a_line(1), a_line(2, **{column: cell}), a_line(3)]))

    assert Sim.objects.count() == 2
    assert {line for line, _, _ in faults(report)} == {3}
    assert fault in [found for _, _, found in faults(report)]


def test_every_bad_cell_of_a_line_is_named(account: CarrierAccount, file: Any) -> None:
    report = import_sims(path=file([a_line(1, iccid="x", msisdn="1", last_day="soon")]))

    assert refusals(report) == [(2, "iccid"), (2, "last_day"), (2, "msisdn")]


def test_doubtful_numbers_are_imported_with_a_warning(file: Any) -> None:
    make_account(code="cu", carrier=make_carrier("china-unicom"))
    wrong_digit = "89860440000000000019"

    report = import_sims(path=file([{"iccid": wrong_digit, "carrier_account": "cu"}]))

    assert Sim.objects.get().iccid == wrong_digit
    assert [(problem.column, problem.is_refusal) for problem in report.problems] == [("iccid", False)] * 2


def test_lines_that_contradict_each_other_are_both_refused_and_name_each_other(
    account: CarrierAccount, file: Any
) -> None:
    same_card = a_line(1)["iccid"]
    lines = [
        a_line(1),
        a_line(2),
        a_line(3, iccid=same_card),
        a_line(4, terminal_sn="NL00000005"),
        a_line(5),
        a_line(6, msisdn="1440000000007"),
        a_line(7),
    ]

    report = import_sims(path=file(lines))

    assert [sim.iccid for sim in Sim.objects.all()] == [a_line(2)["iccid"]]
    others = {(problem.line, problem.column): problem.facts["lines"] for problem in report.problems}
    assert {problem.fault for problem in report.problems} == {LineFault.CONTRADICTED}
    assert list(others) == [
        (2, "iccid"),
        (4, "iccid"),
        (5, "terminal_sn"),
        (6, "terminal_sn"),
        (7, "msisdn"),
        (8, "msisdn"),
    ]
    assert (others[2, "iccid"], others[4, "iccid"]) == ((4,), (2,))


def test_of_lines_that_say_the_same_one_is_imported(account: CarrierAccount, file: Any) -> None:
    report = import_sims(path=file([a_line(1), a_line(2), a_line(1)]))

    assert Sim.objects.count() == 2
    assert faults(report) == [(4, "iccid", LineFault.REPEATED)]
    assert report.problems[0].facts == {"lines": (2,)}


def test_what_the_database_has_against_a_line_is_told(account: CarrierAccount, file: Any) -> None:
    theirs = make_account(code="theirs")
    moved = make_sim(account, iccid=a_line(1)["iccid"])
    make_terminal(moved, serial_number="NL99999999")
    other = make_sim(account)
    make_terminal(other, serial_number="NL00000002")
    make_sim(theirs, iccid=a_line(3)["iccid"])
    make_sim(theirs, msisdn=a_line(4)["msisdn"])
    before = versions()

    report = import_sims(path=file([a_line(number, merchant_code="", merchant_name="") for number in (1, 2, 3, 4)]))

    assert [(line, column) for line, column, _ in faults(report)] == [
        (2, "terminal_sn"),
        (3, "terminal_sn"),
        (4, "carrier_account"),
        (5, "msisdn"),
    ]
    assert report.problems[1].facts == {"other": other.iccid}
    assert versions() == before


def test_a_refused_line_leaves_no_terminal_model_or_merchant_behind(account: CarrierAccount, file: Any) -> None:
    make_sim(make_account(code="theirs"), iccid=a_line(1)["iccid"])

    report = import_sims(path=file([a_line(1, merchant_code="M-new", terminal_brand="Nobody")]))

    assert report.refused_lines() == 1
    assert not Merchant.objects.filter(code="M-new").exists()
    assert not Terminal.objects.exists()
    assert not TerminalModel.objects.exists()


def test_a_line_that_the_database_refuses_stands_alone_and_the_rest_goes_in(account: CarrierAccount, file: Any) -> None:
    poison = str(a_line(77)["iccid"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE inventory_sim ADD CONSTRAINT poison CHECK (iccid <> '{poison}')")

    report = import_sims(path=file([a_line(number) for number in range(200)]))

    assert Sim.objects.count() == 199
    assert refusals(report) == [(79, "")]
    assert report.written.sims_new == 199


def test_makes_are_one_however_they_are_cased_and_merchants_keep_their_first_name(
    account: CarrierAccount, file: Any
) -> None:
    make_merchant(code="M0001", name="旧名")
    lines = [
        a_line(1, merchant_code="M0001", merchant_name="林记"),
        a_line(2, terminal_brand="NEWLAND", merchant_code="M0001", merchant_name="林记商店"),
        a_line(3, merchant_code="M0003", merchant_name=""),
    ]

    report = import_sims(path=file(lines))

    assert [str(model) for model in TerminalModel.objects.all()] == ["Newland N910"]
    assert dict(Merchant.objects.values_list("code", "name")) == {"M0001": "林记", "M0003": "M0003"}
    assert [(line, column) for line, column, _ in faults(report)] == [(3, "merchant_name")]


def test_one_line_and_a_thousand_take_the_same_number_of_statements(account: CarrierAccount, file: Any) -> None:
    counts = []
    for first, count in ((0, 1), (10_000, 1_000)):
        path = file([a_line(first + number) for number in range(count)])
        with CaptureQueriesContext(connection) as queries:
            assert import_sims(path=path).written.sims_new == count
        counts.append(len(queries))

    assert len(set(counts)) == 1


def test_the_readme_names_every_column() -> None:
    text = (Path(use_case.__file__).parent / "README.md").read_text("utf-8")

    assert [column.name for column in COLUMNS if f"| `{column.name}` | {column.chinese} |" not in text] == []
