"""The addresses that providers send notices to. Served without middleware."""

from django.urls import path

from xuliu.interfaces.webhooks import notices

urlpatterns = [path("<slug:account_code>/", notices.notice)]
