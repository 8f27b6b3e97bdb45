"""Health, and one-line errors, for requests without middleware."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if the database answers, 503 if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": "unreachable"}, status=503)
    return JsonResponse({"database": "ok"})


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A one-line answer: programs ask here, and read no page."""
    return HttpResponse("Bad request.\n", status=400, content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """As `refused`, for an unknown address."""
    return HttpResponse("Not found.\n", status=404, content_type="text/plain")


def broken(request: HttpRequest) -> HttpResponse:
    """As `refused`, for an error of ours."""
    return HttpResponse("Internal error.\n", status=500, content_type="text/plain")
