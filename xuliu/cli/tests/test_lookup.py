"""Looking a SIM up from a terminal."""

from __future__ import annotations

import pytest

from tests.make import make_terminal
from tests.world import World, make_sims
from xuliu.cli import layout, speech
from xuliu.cli.entry import main
from xuliu.interfaces.wording import figures


def test_the_carrier_is_asked_and_its_answer_shown(
    world: World, worker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (sim,) = make_sims(world, "onelink", ends_in_days=9)
    world.sandbox.control.usage(sim.iccid, 250 * 1024 * 1024)

    assert lookup(sim.iccid) == 0

    said = capsys.readouterr().out
    assert sim.period_end_on
    assert f"until {figures.last_day(sim.period_end_on)}, 8 days left" in said
    assert "50\u00a0MB of 300\u00a0MB left" in said
    assert ", from onelink" in said
    for code, price in (("cm-12", "¥36.00"), ("cm-3", "¥12.00"), ("cm-add", "¥15.00")):
        assert any(line.split()[:1] == [code] and price in line for line in said.splitlines()), said


def test_without_a_worker_our_own_records_are_shown_as_such(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "1nce")

    assert lookup(sim.iccid, "--wait", "0") == 0

    said = capsys.readouterr().out
    assert "From our own records; 1nce has not been asked yet." in said
    assert "in service" in said


def test_it_speaks_chinese(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "1nce")

    assert lookup(sim.iccid, "--wait", "0", "--language", "zh-hans") == 0

    assert "正常使用" in capsys.readouterr().out


def test_a_terminal_is_found_by_its_number_and_by_its_sticker(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "onelink")
    terminal = make_terminal(sim, serial_number="NP123")

    for which in (
        ["np 123"],
        ["--sticker", terminal.sticker_code],
        ["--sticker", f"https://x.cn/t/{terminal.sticker_code}"],
    ):
        assert lookup(*which, "--wait", "0") == 0
        said = capsys.readouterr().out
        assert sim.iccid in said
        assert "Newland N910, SN NP123" in said
        assert f"/t/{terminal.sticker_code}" in said


def test_what_is_not_there_is_said_in_a_sentence(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert lookup("89860400000000000000") == 1
    assert capsys.readouterr().err == "xuliu: There is no SIM and no terminal 89860400000000000000.\n"
    assert lookup("--sticker", "nothing") == 1
    assert "No terminal has the sticker nothing." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "language"),
    [({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh-hans"), ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en")],
)
def test_the_terminals_language_counts(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert speech.of_terminal() == language


def test_chinese_columns_stand_under_each_other() -> None:
    lines = layout.columns([("状态", "1"), ("abc", "22")], right=[1])
    assert lines == ["状态   1", "abc   22"]


def lookup(*arguments: str) -> int:
    """The command as it is typed."""
    language = [] if "--language" in arguments else ["--language", "en"]
    return main(["lookup", "--demo", *language, *arguments])
