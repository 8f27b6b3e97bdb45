"""A backup taken after real business: restored elsewhere, books and pages are what they were."""

from __future__ import annotations

from pathlib import Path

from django.test import Client
from django.urls import reverse

from tests.harness import databases
from tests.world import World, drive_until, make_paid_order, make_sims
from xuliu.cli.entry import main
from xuliu.ledger.queries import trial_balance
from xuliu.ordering.progress import progress
from xuliu.ordering.queries import receipt_of


def test_after_a_restore_books_and_pages_are_equal(world: World, tmp_path: Path) -> None:
    order = make_paid_order(world, make_sims(world, "onelink", 2), "cm-12")
    drive_until(world, lambda: progress(order.pk).is_final)
    receipt = receipt_of(order.pk)
    assert receipt is not None
    pages = [
        reverse("merchant:order", args=[order.code]),
        reverse("merchant:receipt", args=[receipt.code]),
        reverse("merchant:check", args=[receipt.check_code]),
    ]
    before = [_page(address) for address in pages], trial_balance()
    assert receipt.text_number.encode() in before[0][1]
    file = tmp_path / "xuliu.backup"

    assert main(["backup", str(file)]) == 0
    name = databases.scratch_name("restore", "fresh")
    databases.create_empty(name)
    with databases.pointed_at(name):
        assert main(["restore", str(file)]) == 0
        after = [_page(address) for address in pages], trial_balance()
    databases.drop(name)

    assert after == before


def _page(address: str) -> bytes:
    answer = Client().get(address, headers={"accept-language": "zh-hans"})
    assert answer.status_code == 200, address
    return answer.content
