"""A payer's browser on its way back from the provider's sign-in."""

from hashlib import sha256

from django.test import Client

from xuliu.common.codes import new_code
from xuliu.interfaces.merchant.browsers import COOKIE
from xuliu.payment import sign_ins
from xuliu.payment.models import Payment, ProviderAccount, SignIn


def sign_in(client: Client, payment: Payment) -> None:
    """The payer's browser comes back from WeChat, which told us who it is."""
    come_back(client, payment.order_id, payment.account)
    SignIn.objects.filter(state="RETURNED").update(state="KNOWN", payment_id=payment.pk)


def come_back(client: Client, order_id: int, account: ProviderAccount) -> None:
    """The payer's browser comes back from WeChat, and nobody has asked it yet who that is."""
    client.cookies[COOKIE] = new_code()
    browser = sha256(client.cookies[COOKIE].value.encode()).hexdigest()
    word = sign_ins.leave(way="jsapi", order_id=order_id, account_id=account.pk, browser=browser)
    assert sign_ins.come_back(word=word, browser=browser, code="c0de") == order_id
