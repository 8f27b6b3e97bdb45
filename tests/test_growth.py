"""What is sent from outside costs no more than its length: look-ups, imports, notices, addresses.

(What is masked for the log: xuliu/common/tests/test_redact.py.)
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.growth import assert_linear
from xuliu.carrier.connectors.onelink.connector import Connector
from xuliu.common.addresses import client, networks
from xuliu.common.codes import code_in
from xuliu.inventory.imports.columns import HEADINGS, NEEDED
from xuliu.inventory.imports.rows import Account, check
from xuliu.inventory.imports.table import read_lines
from xuliu.inventory.numbers import readings
from xuliu.payment.contract import Forged, Malformed
from xuliu.payment.providers.wechatpay.tests.wechat_side import NOW, lins, notice, signed_headers, transaction

SIGNS = ("8986", "0", "O", " ", "\u200b", "(", "-", "+86", '"', "=", "E+19", ".0", "ICCID:", "\t", "ﬁ", "http://h/t/")


@pytest.mark.parametrize("sign", SIGNS)
def test_what_is_typed_is_read_once(sign: str) -> None:
    assert_linear(readings, lambda size: (sign * size)[:size], size=20_000)
    assert_linear(code_in, lambda size: (sign * size)[:size], size=20_000)


LINES = {
    "the same card again and again": lambda number: "89860400000000000007,14400000001,SN1,M1\n",
    "the same number for every card": lambda number: f"898604{number:014d},14400000001,SN{number},M1\n",
    "a merchant with another name in each line": lambda number: f"898604{number:014d},,SN{number},M1,Lin {number}\n",
    "quotation marks that never close": lambda number: f'"898604{number:014d},,SN{number},M1\n',
    "quotation marks and nothing else": lambda number: '"\n',
    "too many cells": lambda number: "," * 40 + "x\n",
    "long cells of blanks": lambda number: f"{' ' * 200}8{' ' * 200},{' ' * 200}\n",
}


@pytest.mark.parametrize("kind", LINES)
def test_an_import_reads_each_line_once(kind: str, tmp_path: Path) -> None:
    def make(lines: int) -> Path:
        path = tmp_path / f"{lines}.csv"
        body = "".join(LINES[kind](number) for number in range(lines))
        path.write_text(f"iccid,msisdn,terminal_sn,merchant_code,merchant_name\n{body}")
        return path

    accounts = {"cmcc": Account(1, "cmcc", "cmcc", Connector.names_of)}
    accounts[""] = accounts["cmcc"]
    assert_linear(lambda path: check(read_lines(path, names=HEADINGS, needed=NEEDED), accounts), make, size=200)


JUNK = (b"{", b"[", b'"', b"\\", b"9", b"\x00", b"\xff", b'{"a":', b'{"resource":{"ciphertext":"AAAA')


@pytest.mark.parametrize("junk", JUNK)
def test_a_notice_is_read_once_genuine_or_not(junk: bytes) -> None:
    provider = lins()

    def check_signature(sent: tuple[dict[str, str], bytes]) -> None:
        with pytest.raises((Forged, Malformed)):
            provider.check_signature(headers=sent[0], body=sent[1], now=NOW)

    def signed(size: int) -> tuple[dict[str, str], bytes]:
        body = (junk * size)[:size]
        return signed_headers(body), body

    def forged(size: int) -> tuple[dict[str, str], bytes]:
        headers = signed_headers(b"{}", at=NOW + timedelta(seconds=1))
        return headers | {name: value + "A" * size for name, value in headers.items()}, b"{}"

    assert_linear(check_signature, signed, size=60_000)
    assert_linear(check_signature, forged, size=60_000)


@pytest.mark.parametrize("part", ["1", ",", "[", "::", "10.0.0.1,", "203.0.113.8, ", "%", " ", '"'])
def test_an_address_costs_no_more_than_its_header(part: str) -> None:
    ours = networks("127.0.0.1 10.0.0.0/8")
    assert_linear(
        lambda header: client(peer="127.0.0.1", header=header, proxies=ours),
        lambda size: (part * size)[:size],
        size=100_000,
    )


def test_a_genuine_notice_is_still_believed() -> None:
    body = notice(transaction())
    assert lins().check_signature(headers=signed_headers(body), body=body, now=NOW)
