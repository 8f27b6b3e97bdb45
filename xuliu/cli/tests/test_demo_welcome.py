"""What a demonstration tells its visitors is so."""

from __future__ import annotations

from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.utils.translation import override

from xuliu.cli.demo_fleet import DemoFleet, seed_demo
from xuliu.cli.demonstration import welcome
from xuliu.inventory.models import Terminal
from xuliu.sandbox.testing import Sandbox


def test_the_codes_shown_are_those_that_the_console_takes(fresh_database: str, sandbox: Sandbox) -> None:
    for sign_in in seeded(sandbox).sign_ins:
        factor = Authenticator.objects.get(user__sign_in_name=sign_in.name, type=Authenticator.Type.TOTP)
        assert TOTP(factor).validate_code(welcome.code_now(sign_in)), sign_in.name


def test_every_sticker_of_the_shop_and_every_way_in_is_told(fresh_database: str, sandbox: Sandbox) -> None:
    fleet = seeded(sandbox)

    with override("en"):
        said = "\n".join(welcome.lines(fleet, home=Path("build/demo"), control_port=8001, host="127.0.0.1"))

    stickers = Terminal.objects.filter(bindings__sim__iccid__in=fleet.shop_iccids).values_list(
        "sticker_code", flat=True
    )
    assert len(stickers) == 3
    for code in stickers:
        assert f"{settings.XULIU_BASE_URL}/t/{code}" in said
    for left in ("12 days left", "2 days left", "4 days ago"):
        assert left in said
    for sign_in in fleet.sign_ins:
        assert f"{sign_in.name} / {sign_in.password}" in said
    assert f"lookup --demo {fleet.shop_iccids[-1]}" in said


def seeded(sandbox: Sandbox) -> DemoFleet:
    """The demonstration's data, at this sandbox."""
    return seed_demo(credentials=sandbox.credentials, sandbox_urls=sandbox.urls)
