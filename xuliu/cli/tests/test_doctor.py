"""The doctor tells what is broken from what only deserves a look."""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from tests import sales
from tests.make import NOWHERE, make_account, make_shop
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.operations import pause
from xuliu.cli import doctor
from xuliu.common import wake
from xuliu.common.deciding import PersonReason
from xuliu.common.state import move
from xuliu.ordering.models import OrderLine


def examine(capsys: pytest.CaptureFixture[str], *, demo: bool = True) -> tuple[int, dict[str, Any]]:
    """The exit code, and the findings by what they are about."""
    code = doctor.run(argparse.Namespace(json=True, demo=demo))
    said = json.loads(capsys.readouterr().out)
    assert said["is_well"] == (code == 0)
    return code, {finding["about"]: finding for finding in said["findings"]} | {"states": said["states"]}


def opened_account() -> CarrierAccount:
    """An account whose credentials open."""
    return make_account(None, {"base_url": NOWHERE, "appid": "a", "password": "p"}, code="cmcc")


@pytest.mark.django_db
def test_a_new_installation_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    opened_account()
    code, found = examine(capsys)
    assert code == 0
    assert {name for name, one in found.items() if name != "states" and one["grade"] == "well"} == {
        "database", "tables", "secret", "clock", "carrier account cmcc", "cases",
    }  # fmt: skip
    assert found["worker"]["grade"] == "look"


@pytest.mark.django_db
def test_a_paused_account_deserves_a_look_and_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    pause([opened_account().pk], why=PersonReason.A_PERSON_SAYS, detail="our credit is used up")
    code, found = examine(capsys)
    assert code == 0
    assert found["carrier account cmcc"] == {
        "about": "carrier account cmcc", "grade": "look", "says": "paused for 0 s: our credit is used up",
    }  # fmt: skip


@pytest.mark.django_db
def test_secrets_sealed_with_a_lost_key_are_broken(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    opened_account()
    settings.XULIU_SECRET = "another root secret of more than thirty-two letters"
    code, found = examine(capsys)
    assert code == 1
    assert "XULIU_OLD_SECRETS" in found["carrier account cmcc"]["says"]


@pytest.mark.django_db
def test_a_sandbox_and_the_demo_secret_are_broken_outside_a_demonstration(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    CarrierAccount.objects.filter(id=opened_account().pk).update(is_sandbox=True)
    settings.XULIU_DEMO = False
    code, found = examine(capsys, demo=False)
    assert code == 1
    assert {found[name]["grade"] for name in ("secret", "carrier account cmcc")} == {"broken"}


@pytest.mark.django_db
def test_rows_that_wait_without_a_worker_are_broken_until_one_listens(capsys: pytest.CaptureFixture[str]) -> None:
    desk = sales.make_desk()
    set_credentials(desk.shop.account, {"base_url": "http://127.0.0.1:9", "appid": "a", "password": "p"})

    code, found = examine(capsys)
    assert (code, found["worker"]["grade"]) == (1, "broken")
    with wake.listening(connection.get_connection_params()):
        code, found = examine(capsys)

    assert (code, found["worker"]["says"]) == (0, "1 at work")
    assert found["line READY"]["says"] == "2 set aside and waiting for a person"
    assert found["line DISPUTED"]["grade"] == "look"
    assert found["cases"]["says"].startswith("4 open")
    ready = next(one for one in found["states"] if one["state"] == "READY")
    assert (ready["kind"], ready["count"], ready["set_aside"]) == ("line", 2, 2)
    assert 10_700 < ready["oldest_seconds"] < 11_000, "counted from the payment: held back for three hours"


@pytest.mark.django_db
def test_age_is_counted_from_the_payment_and_not_from_the_last_try(capsys: pytest.CaptureFixture[str]) -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=27 * 60)
    for state in (OrderLine.State.READY, OrderLine.State.SUBMITTING, OrderLine.State.UNKNOWN):  # tried again just now
        move(OrderLine, [line.pk], to=state)

    _, found = examine(capsys)

    assert found["line UNKNOWN"] == {
        "about": "line UNKNOWN", "grade": "look", "says": "1 overdue, the oldest for 27 h",
    }  # fmt: skip
    (standing,) = (one for one in found["states"] if one["kind"] == "line")
    assert (standing["overdue"], standing["oldest_seconds"] // 3600) == (1, 27)


@pytest.mark.django_db
def test_what_a_person_reads_names_every_state_with_count_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    sales.make_desk()
    doctor.run(argparse.Namespace(json=False, demo=True))
    said = capsys.readouterr().out
    assert "BROKEN  worker" in said
    assert any(line.split()[:3] == ["line", "UNKNOWN", "1"] for line in said.splitlines())


def test_a_database_that_does_not_answer_is_one_sentence_and_a_failure() -> None:
    command = [sys.executable, "-c", "from xuliu.cli.entry import main; raise SystemExit(main())", "doctor"]
    environment = {**os.environ, "XULIU_DEMO": "1", "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    ended = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    finding = json.loads(ended.stdout)["findings"][0]
    assert (finding["about"], finding["grade"]) == ("database", "broken")
    assert "Traceback" not in ended.stderr
