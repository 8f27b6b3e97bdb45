import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from tests.make import make_account
from xuliu.carrier import session as session_module
from xuliu.carrier.models import AccountBudget, Call, CarrierAccount
from xuliu.carrier.session import forget_accounts
from xuliu.carrier.tests.offices import make_session
from xuliu.common import locks
from xuliu.common.circuit import OPEN_FOR, OPENS_AFTER_FAILURES, Circuit
from xuliu.common.outbound import NoAnswer, NotSent
from xuliu.common.tests.peers import OK, answers, keeps_silent, peer, resets, unused_port


@pytest.fixture
def account(db: None) -> CarrierAccount:
    return make_account()


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_change_is_logged_with_what_was_said_and_without_a_secret(account: CarrierAccount) -> None:
    said = b'{"status": "0", "token": "t0p", "result": [{"orderNo": "7"}]}'
    with peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))) as carrier:
        make_session(account).call(
            operation="23R08",
            method="POST",
            url=carrier.url,
            json={"transid": "1", "token": "t0p", "msisdn": "1440000000017"},
            headers={"Authorization": "Bearer t0p"},
            reference="l17a1",
            is_change=True,
        )

    call = Call.objects.get()
    assert (call.account_id, call.operation, call.reference, call.is_change) == (account.pk, "23R08", "l17a1", True)
    assert call.request == {
        "method": "POST",
        "url": carrier.url,
        "json": {"transid": "1", "token": "***", "msisdn": "1440000000017"},
    }
    assert (call.status, call.failure) == (200, "")
    assert '"orderNo": "7"' in call.answer
    assert "t0p" not in repr(Call.objects.values())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\n\x00\xff!", 500),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 403),
    ],
)
def test_a_read_that_failed_is_logged_and_one_that_went_well_is_not(
    account: CarrierAccount, answer: bytes, status: int
) -> None:
    with peer(answers()) as well, peer(answers(answer)) as badly:
        make_session(account).call(operation="25S04", method="GET", url=well.url)
        make_session(account).call(operation="25S04", method="GET", url=badly.url)

    assert list(Call.objects.values_list("status", "is_change")) == [(status, False)]


@pytest.mark.parametrize("is_change", [True, False])
def test_what_got_no_answer_is_logged_with_the_reason(account: CarrierAccount, is_change: bool) -> None:
    with peer(resets) as carrier, pytest.raises(NoAnswer):
        make_session(account).call(operation="23R08", method="POST", url=carrier.url, is_change=is_change)

    call = Call.objects.get()
    assert call.status is None
    assert call.failure.startswith("NoAnswer")


def test_waiting_and_the_exchange_share_one_deadline(account: CarrierAccount, stop: threading.Event) -> None:
    session = make_session(account, calls_per_second=4, deadline_seconds=0.8)
    with peer(answers()) as quick, peer(keeps_silent(stop)) as silent:
        session.call(operation="25S04", method="GET", url=quick.url)
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            session.call(operation="25S04", method="GET", url=silent.url)

    assert 0.7 <= time.monotonic() - started < 1.2


def test_a_call_whose_turn_comes_too_late_does_not_leave(account: CarrierAccount) -> None:
    session = make_session(account, calls_per_second=0.1, deadline_seconds=1)
    with peer(answers()) as carrier:
        session.call(operation="25S04", method="GET", url=carrier.url)
        with pytest.raises(NotSent, match="rate budget") as refused:
            session.call(operation="23R08", method="POST", url=carrier.url, is_change=True)

    assert len(carrier.heard) == 1
    assert (refused.value.retry_after_seconds or 0) > 5


def test_when_all_places_are_taken_elsewhere_nothing_leaves(fresh_database: str) -> None:
    account = make_account()
    session = make_session(account, parallel=2, deadline_seconds=0.4)
    with psycopg.connect(fresh_database, autocommit=True) as other, peer(answers()) as carrier:
        for slot in session._slots():
            other.execute("SELECT pg_advisory_lock(%s)", [locks._key(slot)])
        with pytest.raises(NotSent, match="slots"):
            session.call(operation="23R08", method="POST", url=carrier.url, is_change=True)
        assert carrier.heard == []

        other.execute("SELECT pg_advisory_unlock(%s)", [locks._key(session._slots()[1])])
        session.call(operation="23R08", method="POST", url=carrier.url, is_change=True)

    assert len(carrier.heard) == 1


def test_no_more_calls_are_under_way_than_the_account_allows(fresh_database: str) -> None:
    account, inside, most, lock = make_account(), [0], [0], threading.Lock()
    session = make_session(account, parallel=2, deadline_seconds=10)

    def slowly(connection: object, _request: bytes) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.03)
        with lock:
            inside[0] -= 1
        connection.sendall(OK)  # type: ignore[attr-defined]  # a socket

    def call() -> None:
        session.call(operation="25S04", method="GET", url=carrier.url)
        connections.close_all()

    with peer(slowly) as carrier:
        calling = [threading.Thread(target=call) for _ in range(8)]
        for one in calling:
            one.start()
        for one in calling:
            one.join(20)

    assert len(carrier.heard) == 8
    assert most[0] == 2


@pytest.mark.parametrize(("longest_stay", "places_taken"), [(60, 1), (0, 3)])
def test_the_calls_of_one_operation_follow_each_other_in_one_place_that_they_leave_now_and_then(
    account: CarrierAccount, monkeypatch: pytest.MonkeyPatch, longest_stay: float, places_taken: int
) -> None:
    monkeypatch.setattr(session_module, "LONGEST_STAY_SECONDS", longest_stay)
    session = make_session(account)
    with peer(answers()) as carrier, CaptureQueriesContext(connection) as asked:
        with session.one_slot():
            for _ in range(3):
                session.call(operation="25S04", method="GET", url=carrier.url)
        said = [query["sql"] for query in asked.captured_queries]

    assert sum("pg_try_advisory_lock" in sql for sql in said) == places_taken
    assert sum("pg_advisory_unlock" in sql for sql in said) == places_taken


def test_no_transaction_and_no_snapshot_is_held_while_the_carrier_thinks(fresh_database: str) -> None:
    account, seen = make_account(), []

    def look(connection: object, _request: bytes) -> None:
        with psycopg.connect(fresh_database, autocommit=True) as surgeon:
            seen.extend(
                surgeon.execute(
                    "SELECT state, backend_xmin, xact_start FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchall()
            )
        connection.sendall(OK)  # type: ignore[attr-defined]  # a socket

    with peer(look) as carrier:
        make_session(account).call(operation="25S04", method="GET", url=carrier.url)

    assert seen == [("idle", None, None)]


def test_a_carrier_that_says_too_many_is_left_alone_for_as_long_as_it_says(account: CarrierAccount) -> None:
    too_many = b"HTTP/1.1 429 Too Many\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n"
    with peer(answers(too_many)) as carrier:
        assert make_session(account).call(operation="25S04", method="GET", url=carrier.url).status == 429
        with pytest.raises(NotSent) as refused:
            make_session(account).call(operation="25S04", method="GET", url=carrier.url)

    assert refused.value.retry_after_seconds == pytest.approx(90, abs=3)
    assert len(carrier.heard) == 1


def test_after_failures_in_a_row_the_circuit_opens_and_spends_no_turn(account: CarrierAccount) -> None:
    session = make_session(account)
    for _ in range(OPENS_AFTER_FAILURES):
        with pytest.raises(NotSent, match="no connection"):
            session.call(operation="25S04", method="GET", url=f"http://127.0.0.1:{unused_port()}/")
    turn = AccountBudget.objects.get().next_at

    with peer(answers()) as carrier, pytest.raises(NotSent, match="circuit open") as refused:
        session.call(operation="23R08", method="POST", url=carrier.url, is_change=True)

    assert 0 < (refused.value.retry_after_seconds or 0) <= OPEN_FOR.total_seconds()
    assert carrier.heard == []
    assert AccountBudget.objects.get().next_at == turn


def test_a_circuit_lets_one_try_after_its_pause_and_closes_with_the_first_answer(clock_file: Path) -> None:
    circuit = Circuit()
    for _ in range(OPENS_AFTER_FAILURES):
        circuit.note(has_failed=True)
    with pytest.raises(NotSent):
        circuit.check()

    clock_file.write_text("6")
    circuit.check()
    circuit.note(has_failed=True)
    with pytest.raises(NotSent):
        circuit.check()

    clock_file.write_text("12")
    circuit.note(has_failed=False)
    circuit.note(has_failed=True)
    circuit.check()


@pytest.fixture(autouse=True)
def closed_circuits() -> Iterator[None]:
    forget_accounts()
    yield
    forget_accounts()
