"""What is served without middleware: notices from payment providers, and health."""

from importlib.util import find_spec

from django.urls import include, path

from xuliu.config.health import healthz

urlpatterns = [path("healthz", healthz)]
if find_spec("xuliu.interfaces.api") and find_spec("xuliu.interfaces.api.urls"):
    urlpatterns += [path("webhooks/", include("xuliu.interfaces.api.urls"))]  # type: ignore[list-item]
