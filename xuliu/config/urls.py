"""Which surface stands at which path."""

from django.urls import include, path

urlpatterns = [
    path("", include("xuliu.config.bare_urls")),
    path("accounts/", include("allauth.urls")),
    path("console/", include("xuliu.interfaces.console.urls")),
    path("", include("xuliu.interfaces.merchant.urls")),
]
