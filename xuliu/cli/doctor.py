"""Look this installation over: database, secrets, clocks, worker, accounts, and what is overdue.

Ends with 0 when nothing is broken, with 1 when something is. What only deserves a look is a warning and ends with 0.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from xuliu.carrier.accounts import credentials as carrier_credentials
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.registry import UnknownConnector
from xuliu.cli import tables
from xuliu.common import clock, wake
from xuliu.common.accounts import WrongConfiguration
from xuliu.common.crypto import CannotOpen
from xuliu.common.models import ConfiguredAccount
from xuliu.config.embedded import locate
from xuliu.config.environment import DEMO_SECRET
from xuliu.interfaces.wording.reasons import reason
from xuliu.ordering.queries import StateCount, state_counts
from xuliu.payment.accounts import credentials as provider_credentials
from xuliu.payment.models import ProviderAccount
from xuliu.payment.registry import UnknownProvider
from xuliu.ticket.queries import open_cases

WELL, LOOK, BROKEN = "well", "look", "broken"
OLDEST_POSTGRES = 17
CLOCKS_APART = timedelta(seconds=2)
# Other rows deserve a look once they outlast their patience; these should not take half as long.
SOONER = {("payment", "OPENING"): timedelta(minutes=5), ("notice", "STORED"): timedelta(minutes=1)}
WAITS_FOR_A_PERSON = frozenset({("line", "DISPUTED")})
MUST_MOVE = frozenset({("line", "READY"), ("notice", "STORED"), ("refund", "PENDING"), ("payment", "OPENING")})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was checked, its condition (well, look, broken), and a sentence about it."""

    about: str
    grade: str
    says: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--json", action="store_true", help="for programs: one JSON object")
    parser.add_argument(
        "--demo", action="store_true", help="a demonstration: its secret and sandbox are as they should be"
    )


def run(args: argparse.Namespace) -> int:
    """Check everything and print it; 1 if something is broken."""
    findings, states = _examined(clock.now(), is_demo=args.demo or settings.XULIU_DEMO)
    is_well = all(finding.grade != BROKEN for finding in findings)
    if args.json:
        print(json.dumps({"is_well": is_well, "findings": [asdict(one) for one in findings], "states": states}))
    else:
        _print(findings, states)
    return 0 if is_well else 1


def _examined(now: datetime, *, is_demo: bool) -> tuple[list[Diagnosis], list[dict[str, Any]]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return [Diagnosis("database", BROKEN, f"does not answer: {str(error).strip().splitlines()[0]}")], []
    found = [*_database(), _tables()]
    if found[-1].grade == BROKEN:
        return found, []
    found += [*_secrets(is_demo=is_demo), *_clocks(now), *_accounts(now, is_demo=is_demo)]
    counts = state_counts()
    found += [_worker(counts), *_stalled(counts, now), _cases(now)]
    return found, [_state(one, now) for one in counts]


def _database() -> Iterator[Diagnosis]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10_000
    is_embedded = str(connection.settings_dict["HOST"]) == str(locate(settings.XULIU_HOME).socket)
    where = f"embedded in {settings.XULIU_HOME}" if is_embedded else "given by DATABASE_URL"
    grade = WELL if version >= OLDEST_POSTGRES else BROKEN
    yield Diagnosis("database", grade, f"PostgreSQL {version}, {where}; {OLDEST_POSTGRES} or newer is needed")


def _tables() -> Diagnosis:
    if unknown := tables.unknown_among(tables.applied()):
        why = tables.ANOTHER_RELEASES.format(what="database", migration=unknown)
        return Diagnosis("tables", BROKEN, why)
    if missing := tables.count_missing():
        return Diagnosis("tables", BROKEN, f"{missing} migrations behind the program; run: xuliu manage migrate")
    return Diagnosis("tables", WELL, "as the program expects them")


def _secrets(*, is_demo: bool) -> Iterator[Diagnosis]:
    if settings.XULIU_SECRET == DEMO_SECRET and not is_demo:
        yield Diagnosis("secret", BROKEN, "XULIU_SECRET is the demo secret, known to everybody")
    else:
        yield Diagnosis("secret", WELL, "the demo secret" if is_demo else "one of this installation's own")
    if settings.DEBUG:
        yield Diagnosis("debug", LOOK if is_demo else BROKEN, "XULIU_DEBUG is on and shows strangers our insides")


def _clocks(now: datetime) -> Iterator[Diagnosis]:
    if os.environ.get("XULIU_CLOCK_FILE"):
        yield Diagnosis("clock", LOOK, "XULIU_CLOCK_FILE moves the clock; it is for tests")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs(cursor.fetchone()[0] - clock.now())
    grade = WELL if apart <= CLOCKS_APART else LOOK
    yield Diagnosis("clock", grade, f"{apart.total_seconds():.1f} s from the database's")


def _accounts(now: datetime, *, is_demo: bool) -> Iterator[Diagnosis]:
    for account in CarrierAccount.objects.order_by("code"):
        yield _account(account, "carrier account", carrier_credentials, now, is_demo=is_demo)
    for provider in ProviderAccount.objects.order_by("code"):
        yield _account(provider, "provider account", provider_credentials, now, is_demo=is_demo)


def _account(
    account: ConfiguredAccount, kind: str, opened: Callable[[Any], object], now: datetime, *, is_demo: bool
) -> Diagnosis:
    about = f"{kind} {account.code}"
    try:
        opened(account)
    except (WrongConfiguration, CannotOpen, UnknownConnector, UnknownProvider) as error:
        return Diagnosis(about, BROKEN, str(error))
    if account.is_sandbox and not is_demo:
        return Diagnosis(about, BROKEN, "is a sandbox; remove it")
    if account.paused_at:
        why = reason(account.paused_why, account.paused_detail)
        return Diagnosis(about, LOOK, f"paused for {_span(now - account.paused_at)}: {why}")
    return Diagnosis(about, WELL, "runs")


def _worker(found: list[StateCount]) -> Diagnosis:
    """A worker is recognised by the connection on which it listens for wake-ups."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction the view would not be read again
        cursor.execute(sql, [f"LISTEN {wake.CHANNEL}%"])
        listening = cursor.fetchone()[0]
    if listening:
        return Diagnosis("worker", WELL, f"{listening} at work")
    waiting = sum(one.count for one in found if (one.kind, one.state) in MUST_MOVE)
    if waiting:
        return Diagnosis("worker", BROKEN, f"none, and {waiting} rows wait for one; run: xuliu worker")
    return Diagnosis("worker", LOOK, "none; nothing waits for one at the moment")


def _stalled(found: list[StateCount], now: datetime) -> Iterator[Diagnosis]:
    """Ages count from when a row was paid, requested, opened or received, however often it was tried."""
    for one in found:
        about, age = f"{one.kind} {one.state}", now - (one.oldest_at or now)
        is_late = age > SOONER.get((one.kind, one.state), timedelta.max) or (one.kind, one.state) in WAITS_FOR_A_PERSON
        says = [f"{one.set_aside} set aside and waiting for a person"] if one.set_aside else []
        if one.overdue or is_late:
            says.append(f"{one.overdue} overdue" if one.overdue else f"{one.count} wait")
            says[-1] += f", the oldest for {_span(age)}"
        if says:
            yield Diagnosis(about, LOOK, "; ".join(says))


def _cases(now: datetime) -> Diagnosis:
    oldest, count = open_cases().first(), open_cases().count()
    if oldest is None:
        return Diagnosis("cases", WELL, "none open")
    return Diagnosis("cases", LOOK, f"{count} open, the oldest for {_span(now - oldest.opened_at)}")


def _state(one: StateCount, now: datetime) -> dict[str, Any]:
    seconds = int((now - one.oldest_at).total_seconds()) if one.oldest_at else None
    known = {"kind": one.kind, "state": one.state, "count": one.count, "set_aside": one.set_aside}
    return {**known, "overdue": one.overdue, "oldest_seconds": seconds}


def _print(findings: list[Diagnosis], states: list[dict[str, Any]]) -> None:
    marks = {WELL: "  ok  ", LOOK: " look ", BROKEN: "BROKEN"}
    for finding in findings:
        print(f"{marks[finding.grade]}  {finding.about:<32} {finding.says}")
    if states:
        print(f"\n{'under way':<24} {'count':>8} {'oldest':>10} {'set aside':>10} {'overdue':>8}")
    for one in states:
        oldest = _span(timedelta(seconds=one["oldest_seconds"] or 0))
        name = f"{one['kind']} {one['state']}"
        print(f"{name:<24} {one['count']:>8} {oldest:>10} {one['set_aside']:>10} {one['overdue']:>8}")


def _span(time: timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} days"
