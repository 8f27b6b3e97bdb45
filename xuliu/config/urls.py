"""The surfaces' paths."""

from django.urls import include, path

urlpatterns = [
    path("", include("xuliu.config.bare_urls")),
    path("accounts/", include("xuliu.interfaces.console.signing_in")),
    path("console/", include("xuliu.interfaces.console.urls")),
    path("", include("xuliu.interfaces.merchant.urls")),
]
