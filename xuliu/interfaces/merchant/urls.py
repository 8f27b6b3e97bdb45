"""The phone pages' paths: short, with random codes instead of numbers."""

from django.urls import path

from xuliu.interfaces.merchant import home, orders, receipts, signing_in, sims

app_name = "merchant"

urlpatterns = [
    path("", home.home, name="home"),
    path("look-up", home.look_up, name="look_up"),
    path("language/<slug:code>", home.language, name="language"),
    path("t/<slug:code>", sims.sticker, name="sticker"),
    path("t/<slug:code>/quote", sims.quote_sticker, name="quote_sticker"),
    path("s/<str:token>", sims.number, name="number"),
    path("s/<str:token>/quote", sims.quote_number, name="quote_number"),
    path("o/<slug:code>", orders.order, name="order"),
    path("o/<slug:code>/pay", orders.pay, name="pay"),
    path("o/<slug:code>/ask", orders.ask, name="ask"),
    path("o/<slug:code>/cancel", orders.cancel, name="cancel"),
    path("o/<slug:code>/withdraw", orders.withdraw, name="withdraw"),
    path("o/<slug:code>/requote", orders.requote, name="requote"),
    path("o/<slug:code>/sign-in/<slug:way>", signing_in.sign_in, name="sign_in"),
    path("sign-in/return", signing_in.sign_in_return, name="sign_in_return"),
    path("paid/<slug:reference>", orders.paid, name="paid"),
    path("r/<slug:code>", receipts.receipt, name="receipt"),
    path("r/<slug:code>.pdf", receipts.receipt_pdf, name="receipt_pdf"),
    path("check", receipts.check_form, name="check_form"),
    path("check/<slug:check_code>", receipts.check, name="check"),
]
