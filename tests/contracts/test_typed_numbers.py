"""One reader of numbers: what an import, the page, the console and a command each make of the same decorated text."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from tests.contracts.sandbox_rigs import FLEETS, at_sandbox
from tests.make import make_account
from xuliu.carrier.contract import Action, Change, Outcome, SimKey
from xuliu.cli import chosen
from xuliu.cli.failure import CommandFailed
from xuliu.interfaces.console.tests import people
from xuliu.inventory import numbers
from xuliu.inventory.import_sims import Report, import_sims
from xuliu.inventory.models import Sim, Terminal
from xuliu.sandbox.testing import Sandbox

CARD = {"iccid": "89860440000000000033", "msisdn": "1440500000003", "terminal_sn": "N8600009045"}
ABOUT = {"carrier_account": "cmcc", "terminal_brand": "NEXGO", "terminal_model": "N86"}
AROUND = (
    "{}",
    " {} ",
    "\u202d{}\u202c",
    "\ufeff{}\u200b",
    "'{}",
    "’{}",
    "“{}”",
    '="{}"',
    "({})",
    "No.: {}",
    "卡号：{}",
    "ICCID {}",
    '+CCID: "{}"',
    "SN：{}",
    "序列号{}",
)
WITHIN = ("\u200b", "\xad", " ", "\xa0", "\u3000", "-", "\u2011")


def texts(number: str) -> list[str]:
    """The number with what people, spreadsheets, modems and stickers put around and into it, and in other letters."""
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    cut = [f"{number[:4]}{sign}{number[4:]}" for sign in WITHIN]
    return [*(form.format(number) for form in AROUND), *cut, wide, number.lower()]


def imported(path: Path, cells: Mapping[str, str]) -> Report:
    """What became of a file of that one line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, cells)
        writer.writeheader()
        writer.writerow(cells)
    return import_sims(path=path)


@pytest.mark.django_db
def test_page_console_commands_and_imports_take_a_number_however_it_is_written(client: Client, tmp_path: Path) -> None:
    make_account(code="cmcc")
    imported(tmp_path / "sims.csv", ABOUT | CARD)
    sim, staff = Sim.objects.get(), people.signed_in(people.olga())
    in_console = reverse("admin:inventory_sim_change", args=[sim.pk])

    for column, number in CARD.items():
        for text in texts(number):
            again = imported(tmp_path / "again.csv", ABOUT | CARD | {column: text})
            assert (again.problems, again.written.total()) == ([], 0), repr(text)
            assert chosen.by_number(text).sim == sim, repr(text)
            assert staff.get(reverse("admin:find"), {"q": text}).headers.get("Location") == in_console, repr(text)
            if column != "msisdn":  # which a stranger could count through
                assert client.post("/look-up", {"typed": text}).status_code == 302, repr(text)


@pytest.mark.django_db
def test_the_consoles_tables_are_searched_by_a_number_in_any_form_or_by_how_it_begins(tmp_path: Path) -> None:
    make_account(code="cmcc")
    imported(tmp_path / "sims.csv", ABOUT | CARD)
    staff = people.signed_in(people.olga())

    def found(table: str, typed: str) -> int:
        answer = staff.get(reverse(f"admin:inventory_{table}_changelist"), {"q": typed})
        return int(answer.context["cl"].result_count)

    for typed in (*texts(CARD["iccid"]), "+86 1440500000003", "8986 0440", "\u200b14405"):
        assert found("sim", typed) == 1, repr(typed)
    for typed in (*texts(CARD["terminal_sn"]), "n860 0009"):
        assert found("terminal", typed) == 1, repr(typed)
    for typed in (CARD["iccid"], f"'{CARD['iccid']}", f"SN: {CARD['terminal_sn']}"):
        assert found("binding", typed) == 1, repr(typed)
    assert found("sim", "8986 1") == found("terminal", "8986") == 0


@pytest.mark.django_db
def test_a_stickers_code_is_found_however_it_is_read_out(client: Client, tmp_path: Path) -> None:
    make_account(code="cmcc")
    imported(tmp_path / "sims.csv", ABOUT | CARD)
    terminal, staff = Terminal.objects.get(), people.signed_in(people.olga())
    code = terminal.sticker_code

    for text in (
        *(form.format(code) for form in (*AROUND[:7], "https://x.cn/t/{}", "https://x.cn/t/{}/?from=1", "{}。")),
        code.upper().replace("0", "O").replace("1", "I"),
        f"{code[:8]} {code[8:16]}-{code[16:]}",
    ):
        assert client.post("/look-up", {"typed": text}).headers.get("Location") == f"/t/{code}", repr(text)
        assert chosen.by_sticker(text).terminal == terminal, repr(text)
        assert staff.get(reverse("admin:find"), {"q": text}).status_code == 302, repr(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "typed", "says"),
    [
        ("en", "8986O440000000000033", "at place 5 stands the letter O; is it the digit 0?"),
        ("zh-hans", "8986O440000000000033", "第\u20095\u2009位是字母\u2009O，是不是数字\u20090？"),
        ("en", "8986А440000000000033", "U+0410 CYRILLIC CAPITAL LETTER A"),
        ("zh-hans", "8986\u0660440000000000033", "U+0660 ARABIC-INDIC DIGIT ZERO"),
    ],
)
def test_where_nothing_is_found_every_surface_says_what_may_be_wrong(
    language: str, typed: str, says: str, client: Client
) -> None:
    headers = {"Accept-Language": language}
    staff = people.signed_in(people.olga())

    page = client.post("/look-up", {"typed": typed}, headers=headers)
    found = staff.get(reverse("admin:find"), {"q": typed}, headers=headers)
    with override(language), pytest.raises(CommandFailed) as refused:
        chosen.by_number(typed)

    assert page.status_code == 404
    assert all(says in said for said in (page.content.decode(), found.content.decode(), str(refused.value)))


@pytest.mark.parametrize("code", sorted(FLEETS))
def test_a_number_given_with_its_country_code_is_stored_so_that_the_sim_can_be_read_and_renewed(
    code: str, sandbox: Sandbox
) -> None:
    with at_sandbox(code, sandbox) as rig:
        form, plan = rig.connector.capabilities.msisdn, rig.fleet.plans[Action.RENEW]
        msisdn = form.written(numbers.msisdn_of(f"+{form.whole(rig.sim().msisdn)}"))
        assert msisdn == rig.sim().msisdn
        sim = SimKey(iccid=rig.sim().iccid, msisdn=msisdn)

        (reading,) = rig.connector.read(rig.session, [sim])
        change = Change(reference="l17a1", sim=sim, action=Action.RENEW, plan_code=plan.code, months=plan.months)
        (answer,) = rig.connector.submit(rig.session, [change])

    assert not reading.refused
    assert answer.outcome in (Outcome.ACCEPTED, Outcome.DONE)
