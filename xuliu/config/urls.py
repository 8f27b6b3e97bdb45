"""Which surface stands at which path."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path


def _surface(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    return [path(prefix, include(module))] if find_spec(module.rpartition(".")[0]) and find_spec(module) else []


urlpatterns = [
    path("", include("xuliu.config.bare_urls")),
    path("accounts/", include("allauth.urls")),
    *_surface("console/", "xuliu.interfaces.console.urls"),
    *_surface("", "xuliu.interfaces.merchant.urls"),
]
