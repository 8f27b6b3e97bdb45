"""The addresses that providers send notices to. Served without middleware."""

from django.urls import path

from xuliu.interfaces.api import webhooks

urlpatterns = [path("<slug:account_code>/", webhooks.notice)]
