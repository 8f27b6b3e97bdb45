"""Paying inside WeChat: its own browser is sent to it and comes back with who the payer is (openid)."""

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from xuliu.common import stops
from xuliu.interfaces.merchant.paying import know_payer
from xuliu.interfaces.merchant.visiting import page
from xuliu.ordering.models import Order
from xuliu.ordering.place import CannotPlace, place, provider_account
from xuliu.ordering.queries import order_by_code
from xuliu.payment.accounts import provider_of, session_of
from xuliu.payment.contract import Method, NoAnswer, NotSent, Odd
from xuliu.payment.models import ProviderAccount

STATE_SALT, STATE_SECONDS = "xuliu wechat state", 900


@require_safe
@page
def leave(request: HttpRequest, code: str) -> HttpResponseBase:
    """Go and ask WeChat who pays. A link, not a form: the page's policy lets no form lead elsewhere."""
    order = _order(code)
    try:
        account = provider_account(order.seller_id, order.currency, Method.JSAPI)
    except CannotPlace as refused:
        return _back(code, refused.code)
    state = signing.dumps([order.pk, account.pk], salt=STATE_SALT)
    return_url = settings.XULIU_BASE_URL + reverse("merchant:wechat_return")
    return redirect(provider_of(account).sign_in_url(return_url=return_url, state=state))


@require_safe
@page
def come_back(request: HttpRequest) -> HttpResponseBase:
    """Back from WeChat: the state is ours and fresh, the code tells the payer; place the order for them."""
    try:
        order_id, account_id = signing.loads(request.GET.get("state", ""), salt=STATE_SALT, max_age=STATE_SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    order = Order.objects.get(id=order_id)
    account = ProviderAccount.objects.get(id=account_id)
    try:
        with stops.call("payer.ask"):
            payer_id = provider_of(account).payer_id(session_of(account), request.GET.get("code", "")[:200])
        payment_id = place(order_id=order.pk, method=Method.JSAPI, payer_id=payer_id)
    except (NoAnswer, NotSent, Odd):
        return _back(order.code, "wechat_sign_in")
    except CannotPlace as refused:
        return _back(order.code, refused.code)
    response = redirect("merchant:order", order.code)
    if payment_id is not None:
        know_payer(response, payment_id)
    return response


def _order(code: str) -> Order:
    order = order_by_code(code)
    if order is None:
        raise Http404
    return order


def _back(code: str, refused: str) -> HttpResponseBase:
    return redirect(f"{reverse('merchant:order', args=[code])}?refused={refused}")
