"""A web request acts as a visitor until a surface names the person, never as the worker."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from xuliu.common.actor import VISITOR, acting


class VisitorsUntilNamed:
    """Outermost middleware, so that no view runs as the worker, which may do everything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(VISITOR):
            return self._get_response(request)
