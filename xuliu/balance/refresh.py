"""Reads at the carriers the SIMs that somebody is looking at."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection

from xuliu.balance.operations import reading_failed, store_readings
from xuliu.carrier.accounts import capabilities_of, connector_of, session_of
from xuliu.carrier.asking import Asking
from xuliu.carrier.contract import NoAnswer, NotSent, SimKey
from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock, stops
from xuliu.common.chunks import apply_halving, in_chunks
from xuliu.common.circuit import Trouble
from xuliu.ticket.kinds import CaseKind, CaseReason
from xuliu.ticket.operations import close_cases, open_case


class CarrierCase(CaseKind):
    """What carriers ask of a person."""

    CONNECTOR_FAILS = "connector_fails"


class _Requested(NamedTuple):
    sim_id: int
    key: SimKey


def refresh(account_id: int, limit: int = 100) -> int:
    """Read SIMs for which a fresh reading was requested; returns how many."""
    account = CarrierAccount.objects.get(id=account_id)
    asking, requested = asking_of(account), _claim(account_id, limit)
    for part in in_chunks(requested, capabilities_of(account).read_batch_size):
        apply_halving(part, partial(_read, asking), set_aside=lambda one, _: _failed([one]))
    return len(requested)


def asking_of(account: CarrierAccount) -> Asking:
    """The account, ready for calls; a failing connector becomes a case."""
    return Asking(account.pk, connector_of(account), session_of(account), tell=_keep_case)


def _keep_case(trouble: Trouble) -> None:
    subject = ("carrieraccount", trouble.account_id)
    if trouble.error:
        open_case(CarrierCase.CONNECTOR_FAILS, subject, trouble.facts)
    else:
        close_cases(kind=CarrierCase.CONNECTOR_FAILS, subjects=[subject], why=CaseReason.WORKS_AGAIN)


def _read(asking: Asking, requested: Sequence[_Requested]) -> None:
    try:
        with stops.call("readings.read"):
            readings = asking.read([one.key for one in requested])
    except (NotSent, NoAnswer):
        _failed(requested)
        return
    said = {one.sim_id: reading for one, reading in zip(requested, readings, strict=True) if reading is not None}
    if said:
        with stops.transaction("readings.store"):
            store_readings(said)
    _failed([one for one in requested if one.sim_id not in said])


def _failed(requested: Sequence[_Requested]) -> None:
    """Record that there is no new reading. A reading that cannot be stored ends here too: no money depends on it."""
    if requested:
        with stops.transaction("readings.failed"):
            reading_failed(sim_ids=[one.sim_id for one in requested])


def _claim(account_id: int, limit: int) -> list[_Requested]:
    """Take requests and note when they were made to the carrier: a reading lost with its worker is requested again."""
    sql = """
        WITH requested AS (
            SELECT r.sim_id FROM balance_reading r JOIN inventory_sim s ON s.id = r.sim_id
            WHERE r.requested_at IS NOT NULL AND s.account_id = %s
            ORDER BY r.requested_at LIMIT %s FOR UPDATE OF r SKIP LOCKED),
        asked AS (
            UPDATE balance_reading r SET requested_at = NULL, asked_at = %s
            FROM requested WHERE r.sim_id = requested.sim_id)
        SELECT s.id, s.iccid, s.msisdn FROM inventory_sim s JOIN requested ON requested.sim_id = s.id ORDER BY s.id"""
    with stops.statement("readings.claim"), connection.cursor() as cursor:
        cursor.execute(sql, (account_id, limit, clock.now()))
        return [_Requested(sim_id, SimKey(iccid=iccid, msisdn=msisdn)) for sim_id, iccid, msisdn in cursor.fetchall()]
