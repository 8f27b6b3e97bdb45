import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

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


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts for the caller and for a peer called localhost, whose certificate only that caller trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), at, at + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "peer.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(plain + certificate.public_bytes(Encoding.PEM))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(pem)
    return ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode()), theirs


def test_an_answer_comes_back_whole(outbound: Outbound) -> None:
    said = b'HTTP/1.1 202 Accepted\r\nX-Number: 7\r\nContent-Length: 11\r\n\r\n{"no": "7"}'
    with peer(answers(said)) as carrier:
        response = outbound.exchange(method="POST", url=carrier.url, json={"iccid": "8986"}, headers={"X-Key": "k"})

    assert (response.status, response.headers["x-number"], response.json()) == (202, "7", {"no": "7"})
    assert b'{"iccid":"8986"}' in carrier.heard[0]
    assert b"X-Key: k" in carrier.heard[0]


def test_calls_follow_each_other_on_one_connection(outbound: Outbound) -> None:
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    with peer(answers(chunked)) as carrier:
        said = [outbound.exchange(method="POST", url=carrier.url, json={}).json() for _ in range(3)]

    assert (said, carrier.connections) == ([{"a": 1}] * 3, 1)


def test_a_connection_that_the_peer_ends_is_not_used_again(outbound: Outbound) -> None:
    with peer(answers(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")) as carrier:
        bodies = [outbound.exchange(method="GET", url=carrier.url).body for _ in range(2)]

    assert (bodies, carrier.connections) == ([b"ok", b"ok"], 2)


def test_a_connection_that_rested_for_long_is_not_used_again(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer(answers()) as carrier:
        outbound.exchange(method="GET", url=carrier.url)
        monkeypatch.setattr("xuliu.common.outbound.IDLE_SECONDS", 0.0)
        outbound.exchange(method="GET", url=carrier.url)

    assert carrier.connections == 2


@pytest.mark.parametrize("together", [True, False])
def test_a_second_answer_is_never_taken_for_that_of_the_next_request(outbound: Outbound, *, together: bool) -> None:
    heard: list[int] = []

    def answers_twice(connection: socket.socket, _request: bytes) -> None:
        heard.append(len(heard))
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % heard[-1]
        connection.sendall(said * 2 if together else said)
        if not together:
            connection.sendall(said)
            second.set()

    second = threading.Event()
    with peer(answers_twice) as carrier:
        first = outbound.exchange(method="GET", url=carrier.url).body
        assert together or second.wait(5)
        assert (first, outbound.exchange(method="GET", url=carrier.url).body) == (b"0", b"1")


def test_an_answer_that_ends_early_is_no_answer(outbound: Outbound) -> None:
    def breaks_off(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}")
        connection.shutdown(socket.SHUT_RDWR)

    with peer(breaks_off) as carrier, pytest.raises(NoAnswer, match="18 bytes early"):
        outbound.exchange(method="GET", url=carrier.url)


def test_parameters_and_forms_are_quoted(outbound: Outbound) -> None:
    with peer(answers()) as carrier:
        outbound.exchange(method="POST", url=f"{carrier.url}/a b?c=%2F", params={"d": "e&f ü"}, form={"g": "h=i j"})

    line, head = carrier.heard[0].split(b"\r\n", 1)
    assert line == b"POST /v5/change/a%20b?c=%2F&d=e%26f%20%C3%BC HTTP/1.1"
    assert b"application/x-www-form-urlencoded" in head
    assert head.endswith(b"\r\n\r\ng=h%3Di+j")


def test_a_header_that_would_forge_another_was_certainly_not_sent(outbound: Outbound) -> None:
    with peer(answers()) as carrier:
        with pytest.raises(NotSent):
            outbound.exchange(method="GET", url=carrier.url, headers={"Authorization": "x\r\nX-Admin: 1"})
        assert outbound.exchange(method="GET", url=carrier.url).status == 200

    assert len(carrier.heard) == 1


def test_tls_is_spoken_with_whom_the_context_trusts_and_with_nobody_else(
    outbound: Outbound, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    ours, theirs = tls
    trusting = Outbound(deadline_seconds=5, verify=ours)
    with peer(answers(), tls=theirs) as carrier:
        url = f"https://localhost:{carrier.port}/"
        statuses = [trusting.exchange(method="GET", url=url).status for _ in range(2)]
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            outbound.exchange(method="GET", url=url)
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):  # another's name
            trusting.exchange(method="GET", url=f"https://127.0.0.1:{carrier.port}/")
    trusting.close()

    assert statuses == [200, 200]
    assert (len(carrier.heard), carrier.connections) == (2, 3)  # one that was kept, two refused


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
