"""What is served without middleware: notices from payment providers, and health."""

from django.urls import include, path

from xuliu.config import health

urlpatterns = [
    path("healthz", health.healthz),
    path("webhooks/", include("xuliu.interfaces.webhooks.urls")),
]
handler400 = health.refused
handler404 = health.not_found
handler500 = health.broken
