"""What a demonstration prints once everything runs: addresses, sign-ins, and what to try next."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shlex
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from xuliu.cli import chosen, layout, lookup, topup
from xuliu.cli.demo_fleet import DemoFleet, StaffSignIn
from xuliu.common import clock

TOTP_STEP_SECONDS = 30


def lines(fleet: DemoFleet, *, home: Path, control_port: int, host: str) -> list[str]:
    """Everything a newcomer needs."""
    shop = [chosen.by_iccid(iccid) for iccid in fleet.shop_iccids]
    parts: list[tuple[str, Sequence[tuple[str, str]]]] = [
        (_("Phone pages"), [(f"{settings.XULIU_BASE_URL}/", _("look up by number"))]),
        (_("Stickers in Lin's shop"), [_sticker(one) for one in shop]),
        (_("Console"), [(f"{settings.XULIU_BASE_URL}/console/", _("for the operator's staff"))]),
        (_("Sign-ins"), [_sign_in(one) for one in fleet.sign_ins]),
        (_("Faults on demand"), [(f"http://{host}:{control_port}/control/", "xuliu/sandbox/CONTROL.md")]),
        (_("From another terminal"), [(command, "") for command in _commands(home, shop[-1].sim.iccid)]),
        (_("Logs"), [(str(_near(home / "log")), "")]),
    ]
    rows = [(name if number == 0 else "", *texts) for name, entries in parts for number, texts in enumerate(entries)]
    return layout.columns([(name, _beside(first, second)) for name, first, second in rows], indent=2)


def code_now(sign_in: StaffSignIn) -> str:
    """This member of staff's current authenticator code (RFC 6238, six digits)."""
    secret = base64.b32decode(sign_in.totp_secret)
    counter = struct.pack(">Q", int(clock.now().timestamp()) // TOTP_STEP_SECONDS)
    digest = hmac.new(secret, counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _beside(first: str, second: str) -> str:
    return f"{first}   {second}".rstrip()


def _sticker(one: chosen.Chosen) -> tuple[str, str]:
    code = one.terminal.sticker_code if one.terminal else ""
    return topup.address("sticker", code), lookup.facts(one.sim)[1][1]


def _sign_in(sign_in: StaffSignIn) -> tuple[str, str]:
    return f"{sign_in.name} / {sign_in.password}", _("authenticator key %(key)s") % {"key": sign_in.totp_secret}


def _commands(home: Path, iccid: str) -> list[str]:
    xuliu = _near(Path(sys.prefix) / "bin" / "xuliu")
    where = f"XULIU_HOME={shlex.quote(str(_near(home)))} XULIU_BASE_URL={settings.XULIU_BASE_URL} {xuliu}"
    return [f"{where} lookup --demo {iccid}", f"{where} topup --demo --iccid {iccid} --offering cm-12m"]


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
