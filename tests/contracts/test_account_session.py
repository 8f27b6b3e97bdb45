"""The connectors through the session that the core really lends them: one budget, one token, one log, in PostgreSQL."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import pytest
from django.db import connections

from tests.contracts.peer import Fault, Recorded, RecordedCall, Reply, StandIn
from tests.contracts.rigs import CODES, recorded_answers
from tests.make import make_account
from xuliu.carrier.accounts import connector_of, session_of
from xuliu.carrier.contract import Change, Connector, NoAnswer, NotSent, Outcome, SimKey
from xuliu.carrier.models import AccountToken, Call, CarrierAccount
from xuliu.carrier.session import AccountSession
from xuliu.common.configuration import settings_of

PROCESSES = 3
READINGS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An account in the database whose carrier is a recorded peer."""

    account: CarrierAccount
    recorded: Recorded
    peer: StandIn
    calls: list[tuple[float, float]]  # when each call reached the peer, and when it was answered

    @property
    def connector(self) -> Connector:
        return connector_of(self.account)

    @property
    def session(self) -> AccountSession:
        return session_of(self.account)

    def change(self) -> Change:
        """The first that this carrier offers."""
        action = min(self.recorded.plan_codes)
        sim = SimKey(iccid=self.recorded.iccid, msisdn=self.recorded.msisdn)
        return Change(reference="l17a1", sim=sim, action=action, plan_code=self.recorded.plan_codes[action])

    def read_in_processes(self, *, times: int = READINGS) -> list[str]:
        """Several processes read the SIM at once, so often each; how the readings ended.

        They are forked: each has a connection to the database and to the carrier of its own, and starts at once.
        """
        connections.close_all()
        fork = multiprocessing.get_context("fork")
        together, words = fork.Barrier(PROCESSES), fork.Queue()
        running = [fork.Process(target=self.read, args=(times, together, words)) for _ in range(PROCESSES)]
        for process in running:
            process.start()
        said = [words.get(timeout=60) for _ in range(PROCESSES * times)]
        for process in running:
            process.join(timeout=10)
        return said

    def read(self, times: int, together: Barrier, words: "Queue[str]") -> None:
        """What each process does."""
        connector, session, sim = (
            self.connector,
            self.session,
            SimKey(iccid=self.recorded.iccid, msisdn=self.recorded.msisdn),
        )
        together.wait(timeout=30)
        for _ in range(times):
            try:
                with session.one_slot():
                    (reading,) = connector.read(session, [sim])
                words.put(reading.refused or "read")
            except (NotSent, NoAnswer) as error:
                words.put(f"{type(error).__name__}: {error}")
        connections.close_all()


@contextmanager
def office(code: str, *, calls_per_second: float, parallel: int, pause_seconds: float = 0.0) -> Iterator[Office]:
    """An account with these limits; the peer takes so long for each answer."""
    recorded, calls = recorded_answers(code), []
    lock = threading.Lock()

    def answer(asked: RecordedCall) -> Reply:
        began = time.monotonic()
        threading.Event().wait(pause_seconds)
        with lock:
            calls.append((began, time.monotonic()))
        return recorded.answer(asked)

    peer = StandIn(answer)
    try:
        config = {"base_url": f"{peer.address}{recorded.base_path}", **recorded.config}
        limits = {"calls_per_second": calls_per_second, "parallel": parallel}
        account = make_account(None, config, code=code, connector=code, **limits)
        yield Office(account=account, recorded=recorded, peer=peer, calls=calls)
    finally:
        peer.close()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.django_db
def test_secrets_and_tokens_never_stand_in_the_stored_log(code: str) -> None:
    with office(code, calls_per_second=1000, parallel=4) as there:
        there.connector.submit(there.session, [there.change()])
        sealed = [bytes(kept.sealed) for kept in AccountToken.objects.all()]
        assert len(sealed) == (1 if there.recorded.token else 0)
        there.peer.answer = lambda asked: there.recorded.bad_credentials
        there.connector.submit(there.session, [there.change()])
        AccountToken.objects.all().delete()
        there.connector.submit(there.session, [there.change()])

        log = repr(list(Call.objects.values()))
        config = type(there.connector).Config
        secrets = [there.recorded.config[name] for name, setting in settings_of(config).items() if setting.is_secret]
        assert Call.objects.filter(is_change=True, reference="l17a1").count() >= 2
        for secret in [*secrets, *filter(None, [there.recorded.token])]:
            assert secret not in log
        assert not any(there.recorded.token.encode() in kept for kept in sealed)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.django_db
def test_a_lost_answer_stays_unknown_and_too_many_calls_hold_everybody_back(code: str) -> None:
    with office(code, calls_per_second=1000, parallel=4) as there:

        def on_change(fault: Fault) -> None:
            recorded = there.recorded
            there.peer.answer = lambda asked: fault if recorded.is_change(asked) else recorded.answer(asked)

        on_change(Reply(status=502))
        (answer,) = there.connector.submit(there.session, [there.change()])
        assert answer.outcome is Outcome.UNKNOWN

        on_change(Reply(status=429, headers={"retry-after": "120"}))
        (answer,) = there.connector.submit(there.session, [there.change()])
        assert (answer.outcome, answer.retry_after_seconds) == (Outcome.NOT_SENT, 120)

        there.peer.asked.clear()
        (answer,) = there.connector.submit(there.session, [there.change()])
        assert answer.outcome is Outcome.NOT_SENT
        assert answer.retry_after_seconds == pytest.approx(120, abs=5)
        assert there.peer.asked == []


@pytest.mark.parametrize("code", CODES)
def test_the_accounts_budget_holds_across_processes(code: str, fresh_database: str) -> None:
    with office(code, calls_per_second=20, parallel=8) as there:
        words = there.read_in_processes()

        assert words == ["read"] * READINGS * PROCESSES
        began = sorted(moment for moment, _ in there.calls)
        # What leaves evenly may arrive less so: a quarter of a second is for the machine's own unevenness.
        assert len(began) - 1 <= 20 * (began[-1] - began[0] + 0.25)


@pytest.mark.parametrize("code", CODES)
def test_an_account_has_one_token_across_processes(code: str, fresh_database: str) -> None:
    with office(code, calls_per_second=1000, parallel=8, pause_seconds=0.05) as there:
        there.read_in_processes(times=1)

        assert sum(there.recorded.is_token(asked) for asked in there.peer.asked) == (1 if there.recorded.token else 0)


def test_an_account_that_works_serially_has_one_call_under_way(fresh_database: str) -> None:
    with office("1nce", calls_per_second=1000, parallel=1, pause_seconds=0.02) as there:
        words = there.read_in_processes(times=2)

        assert words == ["read"] * 2 * PROCESSES
        turns = sorted(there.calls)
        assert all(ended <= began for (_, ended), (began, _) in pairwise(turns))
