"""Tries an account at a carrier or provider before money goes through it.

An account whose credentials were just entered is paused until it is tried and found right, or until somebody ends the
pause ("use it untried"). A step tries it; the account's page waits for the result.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import models

from xuliu.common import clock, stops, switch, wake
from xuliu.common.accounts import WrongConfiguration
from xuliu.common.crypto import CannotOpen
from xuliu.common.failures import error_text, is_transient
from xuliu.common.findings import Finding, TryResult, is_usable
from xuliu.common.models import ConfiguredAccount
from xuliu.common.outbound import NoAnswer, NotSent
from xuliu.common.reasons import WhyCode

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
AGAIN_AFTER = timedelta(minutes=5)


class TrialReason(WhyCode):
    """Why an account that is tried is paused, and runs again."""

    NOT_TRIED = "not_tried"
    FOUND_RIGHT = "found_right"


Account = TypeVar("Account", bound=ConfiguredAccount)


def want(account: ConfiguredAccount) -> None:
    """Have the account tried, and pause it until it is found right. Inside the caller's transaction."""
    _rows(account).filter(pk=account.pk).update(examine_at=clock.now(), is_untried=True, findings=[])
    switch.pause(type(account), [account.pk], why=TrialReason.NOT_TRIED)
    for step in ("carrier.examine", "provider.examine"):
        wake.after_commit(step)


def due(model: type[Account], limit: int) -> list[Account]:
    """Accounts due to be tried, leased by moving their next due time."""
    sql = f"""
        UPDATE {model._meta.db_table} SET examine_at = %s WHERE id IN (
            SELECT id FROM {model._meta.db_table} WHERE examine_at <= %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
        RETURNING *"""
    now = clock.now()
    return sorted(model._default_manager.raw(sql, (now + LEASE, now, limit)), key=lambda account: account.pk)


def asked(ask: Callable[[], Sequence[Finding]]) -> list[Finding]:
    """The findings of a trial, or that the account cannot even be opened. Call outside any transaction."""
    try:
        return list(ask())
    except (WrongConfiguration, CannotOpen) as error:
        return [Finding(about=CONFIGURATION, shown=TryResult.WRONG, why=str(error)[:200])]
    except (NotSent, NoAnswer) as error:
        return [Finding(about=CONFIGURATION, shown=TryResult.UNTRIED, why=str(error)[:200])]
    except Exception as error:  # a connector or provider that was dropped in may raise anything
        if is_transient(error):
            raise
        log.exception("an account's own code failed", extra={"stop": "examine"})
        return [Finding(about=CONFIGURATION, shown=TryResult.UNTRIED, why=error_text(error)[:200])]


CONFIGURATION = {"zh-hans": "账户设置", "en": "The account's settings"}


def store(
    account: ConfiguredAccount, findings: Sequence[Finding], *, resume: Callable[..., list[int]], stop: str
) -> None:
    """Store the findings about the account as it was read; resume it if it was waiting and is found right.

    If its credentials changed meanwhile, or nobody answered, it is tried again.
    """
    is_right = is_usable(findings)
    is_open = not is_right and not any(finding.shown is TryResult.WRONG for finding in findings)
    with stops.transaction(stop):
        unchanged = _rows(account).filter(pk=account.pk, examine_at=account.examine_at)
        found = [{**asdict(finding), "about": dict(finding.about), "why": _plain(finding.why)} for finding in findings]
        again_at: datetime | None = clock.now() + AGAIN_AFTER if is_open and account.is_untried else None
        is_kept = unchanged.update(examine_at=again_at, examined_at=clock.now(), findings=found)
        if is_kept and is_right and _rows(account).filter(pk=account.pk, is_untried=True).exists():
            resume([account.pk], why=TrialReason.FOUND_RIGHT)


def _plain(why: str | Mapping[str, str]) -> str | dict[str, str]:
    return why if isinstance(why, str) else dict(why)


def _rows(account: ConfiguredAccount) -> "models.Manager[Any]":
    return type(account)._default_manager
