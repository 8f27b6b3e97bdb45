"""The receipt as a page and as a PDF, and the public page on which a stranger checks that it is genuine."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from xuliu.common import pdf
from xuliu.common.codes import code_in
from xuliu.interfaces.merchant.paying import drawn
from xuliu.interfaces.merchant.presenters import receipt as words
from xuliu.interfaces.merchant.visiting import page
from xuliu.ordering.models import Attempt, OrderLine, Receipt
from xuliu.ordering.queries import lines_of, payment_of, receipt_by_check_code, receipt_by_code

TEMPLATE = Path(__file__).parent / "print" / "receipt.typ"
CHECK_CODE_LENGTH = 26


@require_safe
@page
def receipt(request: HttpRequest, code: str) -> HttpResponseBase:
    """The receipt, for whoever has its link."""
    found = _receipt(code)
    link = _check_link(found)
    context = {"receipt": _words(found), "qr": drawn(link), "check_link": link, "code": code, "order": found.order.code}
    return render(request, "merchant/receipt.html", context)


@require_safe
@page
def receipt_pdf(request: HttpRequest, code: str) -> HttpResponseBase:
    """The same as PDF, to keep or print."""
    found = _receipt(code)
    link = _check_link(found)
    data = {**words.printed(_words(found)), "qr": pdf.qr_svg(link), "check_link": link, "language": get_language()}
    response = HttpResponse(pdf.kept(TEMPLATE, data, made_at=found.issued_at), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.text_number}.pdf"'
    return response


@require_safe
@page
def check(request: HttpRequest, check_code: str) -> HttpResponseBase:
    """Confirm that a receipt is genuine and show its number, day and amount, nothing else."""
    found = receipt_by_check_code(check_code)
    context = {"checked": words.checked(found) if found else None, "typed": check_code}
    return render(request, "merchant/check.html", context, status=200 if found else 404)


@require_safe
@page
def check_form(request: HttpRequest) -> HttpResponseBase:
    """The form for typing a check code that cannot be scanned."""
    typed = request.GET.get("code", "").strip()[:100]
    if code := code_in(typed, length=CHECK_CODE_LENGTH):
        return redirect("merchant:check", code)
    if typed:
        return render(request, "merchant/check.html", {"checked": None, "typed": typed}, status=404)
    return render(request, "merchant/check.html", {"checked": None, "typed": ""})


def _receipt(code: str) -> Receipt:
    found = receipt_by_code(code)
    if found is None:
        raise Http404
    return found


def _words(found: Receipt) -> words.ReceiptText:
    lines = lines_of(found.order_id, limit=words.LINES_PRINTED)
    return words.present_receipt(found, lines, payment=payment_of(found.order_id), proofs=_proofs(lines))


def _proofs(lines: list[OrderLine]) -> dict[int, str]:
    """The proof of each line, from its newest proven attempt."""
    proven = Attempt.objects.filter(line__in=[line.pk for line in lines]).exclude(proof="").order_by("number")
    return dict(proven.values_list("line_id", "proof"))


def _check_link(found: Receipt) -> str:
    return settings.XULIU_BASE_URL + reverse("merchant:check", args=[found.check_code])
