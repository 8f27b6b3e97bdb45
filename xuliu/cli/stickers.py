"""Print stickers for terminals: A4 PDF, 24 a page (70 × 37 mm), each with the QR code that opens its SIM's page."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from xuliu.cli.failure import CommandFailed
from xuliu.common import clock, pdf
from xuliu.interfaces.wording.numbers import refusal_of_number
from xuliu.inventory import numbers
from xuliu.inventory.queries import Sticker, stickers
from xuliu.party.models import Merchant

TEMPLATE = Path(__file__).with_name("stickers.typ")
A_PAGE = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which terminals, and the file to write."""
    parser.add_argument("--merchant", default="", metavar="CODE", help="the terminals of this merchant only")
    parser.add_argument("--terminal", nargs="+", default=(), metavar="SN", help="these terminals only")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the PDF to write")
    languages = [code for code, _name in settings.LANGUAGES]
    parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE, help="of the words on them")


def run(args: argparse.Namespace) -> int:
    """Write the PDF. An unknown merchant or terminal is an error, lest a sticker go missing."""
    _refuse_address_of_nobody()
    wanted = [_serial_number(number) for number in args.terminal]
    if args.merchant and not Merchant.objects.filter(code=args.merchant).exists():
        raise CommandFailed(f"There is no merchant {args.merchant}.")
    found = stickers(merchant_code=args.merchant, serial_numbers=wanted)
    missing = sorted(set(wanted) - {sticker.serial_number for sticker in found})
    if missing:
        raise CommandFailed(f"There is no such terminal{' there' if args.merchant else ''}: {', '.join(missing)}.")
    if not found:
        raise CommandFailed("There is no terminal to print a sticker for.")
    try:
        args.output.write_bytes(page(found, language=args.language))
    except OSError as error:
        raise CommandFailed(f"{args.output} cannot be written ({error.strerror}).") from error
    print(f"{args.output}: {len(found)} stickers on {-(-len(found) // A_PAGE)} pages")
    return 0


def _serial_number(typed: str) -> str:
    try:
        return numbers.serial_number_of(typed)
    except numbers.NotSuchANumber as refused:
        raise CommandFailed(f"{typed}: {refusal_of_number(refused)}.") from refused


def _refuse_address_of_nobody() -> None:
    """Refuse an address that a phone would take for itself: stickers outlive mistakes."""
    if urlsplit(settings.XULIU_BASE_URL).hostname in {"127.0.0.1", "localhost", "::1"} and not settings.XULIU_DEMO:
        raise CommandFailed(f"XULIU_BASE_URL is {settings.XULIU_BASE_URL}, which no phone can reach; set it first.")


def page(found: Sequence[Sticker], *, language: str) -> bytes:
    """The PDF of these stickers, in this order."""
    with override(language):
        words = {
            "title": _("Stickers"),
            "name": _("Xuliu"),
            "headline": _("Scan to renew"),
            "what": _("Data left, end date, more data"),
            "otherwise": _("or %(host)s with the SN") % {"host": urlsplit(settings.XULIU_BASE_URL).netloc},
        }
    shown = [
        {
            "qr": pdf.qr_svg(f"{settings.XULIU_BASE_URL}{reverse('merchant:sticker', args=[sticker.code])}"),
            "serial_number": sticker.serial_number,
            "model": sticker.model,
        }
        for sticker in found
    ]
    return pdf.render(TEMPLATE, {"words": words, "stickers": shown, "language": language}, made_at=clock.now())
