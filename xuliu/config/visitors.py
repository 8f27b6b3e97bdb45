"""Whoever comes over the web is a visitor until a surface says who it is: nothing is done in the steps' name there."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from xuliu.common.actor import VISITOR, acting


class VisitorsUntilNamed:
    """Middleware: outermost, so that no view runs as the worker, who may do everything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(VISITOR):
            return self._get_response(request)
