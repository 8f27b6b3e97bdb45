"""Whole requests through the front and Django: what proxies send on in chunks, files, and forms behind TLS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection

from tests import make
from tests.harness.site import THREADS
from xuliu.interfaces.webhooks.tests.test_notices import body_of, config, signed_headers
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Notice, ProviderAccount


@pytest.fixture(scope="module")
def vendor() -> rsa.RSAPrivateKey:
    """WeChat Pay's own key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    """What httpx sends in chunks, without a length."""
    yield from (body[start : start + size] for start in range(0, len(body), size))


def test_notices_and_forms_in_chunks_are_taken(live_site: str, vendor: rsa.RSAPrivateKey) -> None:
    seller = make.make_shop().provider.seller
    account = ProviderAccount.objects.create(code="chunked", provider="wechatpay", seller=seller, is_sandbox=True)
    set_credentials(account, config(vendor))
    body = body_of()
    headers = {**signed_headers(vendor, body), "Content-Type": "application/json"}

    answer = httpx.post(f"{live_site}/webhooks/chunked/", content=in_pieces(body, 100), headers=headers)

    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert answer.status_code in (200, 204)
    assert bytes(Notice.objects.get().body) == body
    with httpx.Client(base_url=live_site) as browser:
        browser.get("/")
        form = f"typed={make.ICCID}&csrfmiddlewaretoken={browser.cookies['xuliu_csrf']}".encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        found = browser.post("/look-up", content=in_pieces(form, 10), headers=kind)
        assert found.request.headers["Transfer-Encoding"] == "chunked"
        assert found.status_code == 302, found.text


def test_a_notice_signed_to_test_us_is_refused_as_any_forged_one(live_site: str, vendor: rsa.RSAPrivateKey) -> None:
    account = make.make_shop().provider
    set_credentials(account, config(vendor))
    headers = {**signed_headers(vendor, b'{"id":"x"}'), "Wechatpay-Signature": "WECHATPAY/SIGNTEST/MkOnlyATest"}
    answer = httpx.post(f"{live_site}/webhooks/{account.code}/", content=b'{"id":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert not Notice.objects.exists()


def test_threads_keep_their_connections_to_the_database(live_site: str) -> None:
    with httpx.Client(base_url=live_site) as browser:
        for _ in range(5 * THREADS):
            assert browser.get("/healthz").status_code == browser.get("/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    assert count <= 2 * THREADS + 1


BEHIND_TLS_AT_A_PORT = """
import django; django.setup()
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
proxied = {"HTTP_HOST": "sim.example.com", "HTTP_X_FORWARDED_PROTO": "https"}
posted = RequestFactory().post("/look-up", HTTP_ORIGIN="https://sim.example.com:8443", **proxied)
assert posted.is_secure() and CsrfViewMiddleware(lambda _: None)._origin_verified(posted)
referred = RequestFactory().post("/look-up", HTTP_REFERER="https://sim.example.com:8443/", **proxied)
CsrfViewMiddleware(lambda _: None)._check_referer(referred)
plain = RequestFactory().get("/look-up", HTTP_HOST="sim.example.com")
assert SecurityMiddleware(lambda _: None)(plain)["Location"] == "https://sim.example.com:8443/look-up"
"""


def test_behind_tls_at_a_port_of_its_own_that_the_proxy_leaves_out_forms_are_taken() -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "xuliu.config.settings", "XULIU_BASE_URL": "https://sim.example.com:8443"}
    environment |= {"XULIU_BEHIND_PROXY": "1", "XULIU_ADDRESS_HEADER": "X-Real-IP"}
    subprocess.run([sys.executable, "-c", BEHIND_TLS_AT_A_PORT], env={**os.environ, **environment}, check=True)
