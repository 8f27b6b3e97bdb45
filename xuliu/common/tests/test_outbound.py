import socket
import threading
import time
from collections.abc import Iterator

import pytest

from xuliu.common.outbound import MAX_BODY_BYTES, NoAnswer, NotSent, Outbound
from xuliu.common.tests.peers import OK, answers, closes, drips, keeps_silent, peer, resets, unused_port


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    one = Outbound(deadline_seconds=5)
    yield one
    one.close()


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_comes_back_whole(outbound: Outbound) -> None:
    said = b'HTTP/1.1 202 Accepted\r\nX-Number: 7\r\nContent-Length: 11\r\n\r\n{"no": "7"}'
    with peer(answers(said)) as carrier:
        response = outbound.exchange(method="POST", url=carrier.url, json={"iccid": "8986"}, headers={"X-Key": "k"})

    assert (response.status, response.headers["x-number"], response.json()) == (202, "7", {"no": "7"})
    assert b'{"iccid":"8986"}' in carrier.heard[0]
    assert b"X-Key: k" in carrier.heard[0]


def test_a_dripping_peer_is_cut_off_when_the_deadline_ends(outbound: Outbound, stop: threading.Event) -> None:
    with peer(drips(stop)) as carrier:
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            outbound.exchange(method="POST", url=carrier.url, deadline_seconds=0.4)
        took = time.monotonic() - started

    assert 0.35 <= took < 1.0


def test_silence_ends_with_the_deadline_and_is_no_no(outbound: Outbound, stop: threading.Event) -> None:
    with peer(keeps_silent(stop)) as carrier:
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            outbound.exchange(method="POST", url=carrier.url, deadline_seconds=0.3)

    assert time.monotonic() - started < 1.0
    assert len(carrier.heard) == 1


def test_a_refused_connection_was_certainly_not_sent(outbound: Outbound) -> None:
    with pytest.raises(NotSent):
        outbound.exchange(method="POST", url=f"http://127.0.0.1:{unused_port()}/")


@pytest.mark.parametrize("behaviour", [resets, closes])
def test_a_connection_lost_after_sending_is_no_answer(outbound: Outbound, behaviour: object) -> None:
    with peer(behaviour) as carrier, pytest.raises(NoAnswer):  # type: ignore[arg-type]  # a parameter
        outbound.exchange(method="POST", url=carrier.url, json={})

    assert len(carrier.heard) == 1


def test_a_kept_connection_that_was_reset_meanwhile_is_never_used_twice_for_one_request(outbound: Outbound) -> None:
    calls: list[bytes] = []

    def answers_once(connection: socket.socket, request: bytes) -> None:
        calls.append(request)
        if len(calls) == 1:
            connection.sendall(OK)
        else:
            resets(connection, request)

    with peer(answers_once) as carrier:
        outbound.exchange(method="POST", url=carrier.url)
        with pytest.raises(NoAnswer):
            outbound.exchange(method="POST", url=carrier.url)

    assert len(calls) == 2


@pytest.mark.parametrize("odd", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff\x00\xff\r\n\r\n"])
def test_what_is_no_http_is_no_answer(outbound: Outbound, odd: bytes) -> None:
    with peer(answers(odd)) as carrier, pytest.raises(NoAnswer):
        outbound.exchange(method="POST", url=carrier.url, deadline_seconds=1)


def test_an_answer_without_end_is_no_answer(outbound: Outbound) -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1)

    with peer(answers(endless)) as carrier, pytest.raises(NoAnswer, match="larger"):
        outbound.exchange(method="GET", url=carrier.url)


def test_a_redirect_is_an_answer_and_is_not_followed(outbound: Outbound) -> None:
    with peer(answers(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")) as carrier:
        response = outbound.exchange(method="POST", url=carrier.url)

    assert response.status == 302
    assert len(carrier.heard) == 1


def test_an_odd_body_is_data(outbound: Outbound) -> None:
    with peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")) as carrier:
        response = outbound.exchange(method="GET", url=carrier.url)

    assert response.json() is None
    assert response.text == "<html>"


@pytest.mark.parametrize(
    "url", ["carrier.example/v5", "ftp://127.0.0.1/", "http://", "http://[::1", "http://127.0.0.1:x/"]
)
def test_an_address_that_is_none_was_certainly_not_sent(outbound: Outbound, url: str) -> None:
    with pytest.raises(NotSent):
        outbound.exchange(method="POST", url=url)


def test_a_resolver_that_hangs_is_cut_off_by_the_deadline(
    outbound: Outbound, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(*_arguments: object, **_options: object) -> list[object]:
        stop.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)

    started = time.monotonic()
    with pytest.raises(NotSent):
        outbound.exchange(method="POST", url="http://carrier.example/", deadline_seconds=0.3)
    assert time.monotonic() - started < 1.0


def test_the_next_address_of_a_name_is_tried(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def two_addresses(host: str, port: int, *more: object, **options: object) -> list[object]:
        if host != "carrier.example":
            return list(real(host, port, type=socket.SOCK_STREAM))
        nobody = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        return [nobody, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)

    with peer(answers()) as carrier:
        response = outbound.exchange(method="GET", url=f"http://carrier.example:{carrier.port}/")

    assert response.body == b"ok"


def test_many_calls_at_once_each_have_their_own_deadline(outbound: Outbound, stop: threading.Event) -> None:
    with peer(keeps_silent(stop)) as slow, peer(answers()) as quick:
        failures: list[Exception] = []

        def ask_the_slow_one() -> None:
            try:
                outbound.exchange(method="GET", url=slow.url, deadline_seconds=1.0)
            except NoAnswer as error:
                failures.append(error)

        asking = [threading.Thread(target=ask_the_slow_one) for _ in range(5)]
        for one in asking:
            one.start()
        assert outbound.exchange(method="GET", url=quick.url, deadline_seconds=0.8).status == 200
        for one in asking:
            one.join(5)

    assert len(failures) == 5
