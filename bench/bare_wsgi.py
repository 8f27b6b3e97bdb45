"""The application of `bench.baseline`: one view."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.bare_settings")

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from bench.baseline import INSERT
from xuliu.common import clock


def insert(request: HttpRequest) -> HttpResponse:
    """One row, one answer."""
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, (request.body, at, at))
    answer = b'{"code":"SUCCESS"}'
    return HttpResponse(answer, content_type="application/json", headers={"Content-Length": str(len(answer))})


urlpatterns = [path("webhooks/wx/", insert)]
application = get_wsgi_application()
