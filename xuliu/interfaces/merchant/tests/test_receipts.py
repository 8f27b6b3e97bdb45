"""The receipt, its PDF, and what a stranger may learn from its check code."""

import re
import zlib
from contextlib import suppress

import pytest
from django.test import Client

from tests import make, sales
from xuliu.catalog.models import Offering
from xuliu.common.codes import new_code
from xuliu.ordering.models import Receipt
from xuliu.payment.models import Payment

pytestmark = pytest.mark.django_db

ENGLISH, CHINESE = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture
def receipt() -> Receipt:
    """Lin's receipt for a year."""
    return sales.make_completed(sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=40))


def test_the_receipt_names_what_was_delivered_and_what_proved_it(client: Client, receipt: Receipt) -> None:
    page = client.get(f"/r/{receipt.code}", headers=ENGLISH).content.decode()

    for wanted in (
        "XL-00000001",
        f"China Mobile {make.ICCID}",
        "the carrier&#x27;s record shows the new period end",
        "¥36.00",
        "¥2.04",
        "91310000MA1K00000X",
        Payment.objects.get().number,
        receipt.order.number,
        f"/check/{receipt.check_code}",
    ):
        assert wanted in page, wanted


@pytest.mark.parametrize("headers", [ENGLISH, CHINESE])
def test_the_pdf_is_a_pdf_in_the_shipped_font_and_the_same_each_time(
    client: Client, receipt: Receipt, headers: dict[str, str]
) -> None:
    first, second = (client.get(f"/r/{receipt.code}.pdf", headers=headers) for _ in range(2))

    assert first.headers["Content-Type"] == "application/pdf"
    assert "XL-00000001.pdf" in first.headers["Content-Disposition"]
    assert first.content.startswith(b"%PDF-")
    assert b"NotoSansCJKsc" in first.content
    assert first.content == second.content
    assert len(first.content) < 400_000


def test_the_pdf_differs_by_language(client: Client, receipt: Receipt) -> None:
    in_english = client.get(f"/r/{receipt.code}.pdf", headers=ENGLISH).content
    in_chinese = client.get(f"/r/{receipt.code}.pdf", headers=CHINESE).content

    assert in_english != in_chinese


def test_the_check_page_says_genuine_and_reveals_nothing_else(client: Client, receipt: Receipt) -> None:
    page = client.get(f"/check/{receipt.check_code}", headers=ENGLISH).content.decode()

    assert "Genuine" in page
    assert "XL-00000001" in page
    assert "¥36.00" in page
    order = receipt.order
    private = (make.ICCID, make.ICCID[-4:], order.number, order.code, receipt.code, "China Mobile", "42000023452026")
    for secret in private:
        assert secret not in page, secret
    links = set(re.findall(r'href="([^"]+)"', page))
    assert not any(link.startswith(("/o/", "/r/", "/t/", "/s/")) for link in links)


def test_a_code_that_is_not_ours_is_called_so(client: Client) -> None:
    answer = client.get(f"/check/{new_code()}", headers=ENGLISH)

    assert answer.status_code == 404
    assert "Not one of ours" in answer.content.decode()


def test_a_receipts_code_is_no_check_code_and_the_other_way_round(client: Client, receipt: Receipt) -> None:
    assert client.get(f"/check/{receipt.code}").status_code == 404
    assert client.get(f"/r/{receipt.check_code}").status_code == 404


def test_a_check_code_typed_in_groups_is_found(client: Client, receipt: Receipt) -> None:
    code = receipt.check_code.upper()
    typed = f"{code[:4]} {code[4:8]}-{code[8:]} "

    assert client.get("/check", {"code": typed}).headers["Location"] == f"/check/{receipt.check_code}"
    assert client.get("/check", {"code": "../../o"}).status_code == 404


def test_an_unknown_receipt_is_not_found(client: Client) -> None:
    assert client.get(f"/r/{new_code()}").status_code == 404
    assert client.get(f"/r/{new_code()}.pdf").status_code == 404


def characters_drawn(pdf: bytes) -> set[str]:
    """The characters for which the PDF's fonts have a glyph; what no font has is mapped nowhere."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            text = zlib.decompress(stream)
            if b"begincmap" in text:
                codes = re.findall(rb"<[0-9A-F]{4}> *<([0-9A-F]{4,8})>", text)
                found |= {bytes.fromhex(code.decode()).decode("utf-16-be", "replace") for code in codes}
    return found


def test_every_han_of_an_offerings_name_can_be_read_on_the_pdf_and_no_sign_stops_the_page(client: Client) -> None:
    name = "𠮷䶮㛃堃🍜 12 个月 · 每月 300 MB"
    receipt = sales.make_completed(sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=40))
    Offering.objects.update(name={"zh-hans": name, "en": name})

    page, printed = client.get(f"/r/{receipt.code}"), client.get(f"/r/{receipt.code}.pdf", headers=CHINESE)

    assert "𠮷䶮㛃堃🍜" in page.content.decode()
    assert printed.status_code == 200
    assert set("𠮷䶮㛃堃个月每") <= characters_drawn(printed.content)


@pytest.mark.parametrize(
    "name",
    [
        "\U0002a700\U000e0041\u202e\ufeff\u200d",
        '#eval("1") $x$ *b* _i_ \\ ` @ <a> [',
        "e\u0301\u0600\ufdfa\uffff",
    ],
    ids=ascii,
)
def test_no_sign_of_a_name_stops_the_receipt(name: str, client: Client) -> None:
    receipt = sales.make_completed(sales.make_paid(sales.make_quote(make.make_shop()), seconds_ago=40))
    Offering.objects.update(name={"zh-hans": name, "en": name})

    assert client.get(f"/r/{receipt.code}").status_code == 200
    assert client.get(f"/r/{receipt.code}.pdf").status_code == 200
