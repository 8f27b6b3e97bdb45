"""Ways to pay with a sign-in: the browser goes to the provider and comes back with a code that identifies the payer.

Neither view calls anybody: the code is stored, and a worker asks the provider who the payer is.
"""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.visiting import page, remembered
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.buying.ways_to_pay import provider_account
from xuliu.ordering.models import Order
from xuliu.ordering.queries import order_by_code
from xuliu.payment import sign_ins
from xuliu.payment.accounts import provider_of
from xuliu.payment.registry import way_called

LONGEST_CODE = 200


@require_safe
@page
def sign_in(request: HttpRequest, code: str, way: str) -> HttpResponseBase:
    """Send the browser to the provider. A link, not a form: the page's policy allows no form to another site."""
    order, found = order_by_code(code), way_called(way)
    if order is None or found is None or not found.has_sign_in:
        raise Http404
    try:
        account = provider_account(order.seller_id, order.currency, way)
    except CannotPlace as refused:
        return redirect(f"{reverse('merchant:order', args=[code])}?refused={refused.code}")
    browser = browsers.known_or_new(request)
    state = sign_ins.leave(order_id=order.pk, account_id=account.pk, way=way, browser=browser)
    return_url = settings.XULIU_BASE_URL + reverse("merchant:sign_in_return")
    return redirect(provider_of(account).sign_in_url(return_url=return_url, state=state))


@require_safe
@page
def sign_in_return(request: HttpRequest) -> HttpResponseBase:
    """Back with a one-time state of this browser; a second request just shows the order's page."""
    order_id = sign_ins.come_back(
        word=request.GET.get("state", "")[:LONGEST_CODE],
        browser=browsers.known(request),
        code=request.GET.get("code", "")[:LONGEST_CODE],
    )
    if order_id is None:
        # An expired or foreign state. A browser that knows an order is sent back to it and may start again.
        ours = next(iter(remembered(request)), "")
        if order_by_code(ours) is None:
            raise Http404
        return redirect(f"{reverse('merchant:order', args=[ours])}?refused={RefusalCode.PAYER_NOT_TOLD}")
    return redirect("merchant:order", Order.objects.values_list("code", flat=True).get(id=order_id))
