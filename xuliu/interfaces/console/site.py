"""The console's site: Django's admin behind the console's door, with pages of its own among the tables' pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.i18n import set_language
from unfold.sites import UnfoldAdminSite

from xuliu.common.actor import acting
from xuliu.interfaces.console import gate
from xuliu.interfaces.console.kit.listing import Table
from xuliu.interfaces.console.navigation import navigation

View = Callable[..., HttpResponseBase]
# Staff read instants in one zone; billing days stay in the carrier account's zone.
ZONE = ZoneInfo("Asia/Shanghai")


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """The one site. Our pages that join packages replace the plain pages of their tables."""

    index_title = _("Overview")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Our tables only: third parties' tables bring their own ideas of who may do what."""
        if admin_class is not None and issubclass(admin_class, Table):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request is let in at all."""
        return gate.is_let_in(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """A page drawn by unfold, whose inline scripts need a looser policy than ours."""
        loosened: View = csp_update(settings.CONSOLE_CONTENT_SECURITY_POLICY)(super().admin_view(view, cacheable))
        return self._entered(loosened)

    def page(self, view: View) -> View:
        """One of our own pages, under the installation's strict policy."""
        return self._entered(csrf_protect(never_cache(view)))

    def extra_urls(self) -> list[URLPattern | URLResolver]:
        """Our pages; they take precedence over the tables' pages at the same address."""
        # Imported here because they read the tables' words, and the tables are registered with this site.
        from xuliu.interfaces.console import find, line, order, payment, private, refund, sim, start

        page = self.page
        return [
            path("", page(start.show), name="index"),
            path("find/", page(find.show), name="find"),
            path("language/", set_language, name="set_language"),
            path("ordering/order/<int:order_id>/change/", page(order.show), name="order_page"),
            path("ordering/orderline/<int:line_id>/change/", page(line.show), name="line_page"),
            path("ordering/orderline/<int:line_id>/decide/<str:what>/", page(line.decide), name="line_decide"),
            path("payment/payment/<int:payment_id>/change/", page(payment.show), name="payment_page"),
            path("payment/payment/<int:payment_id>/decide/<str:what>/", page(payment.decide), name="payment_decide"),
            path("payment/refund/<int:refund_id>/change/", page(refund.show), name="refund_page"),
            path("payment/refund/<int:refund_id>/decide/<str:what>/", page(refund.decide), name="refund_decide"),
            path("inventory/sim/<int:sim_id>/change/", page(sim.show), name="sim_page"),
            path("inventory/sim/<int:sim_id>/ask/", page(sim.ask), name="sim_ask"),
            path("party/person/<int:person_id>/private/", page(private.show), name="person_private"),
            path("party/person/<int:person_id>/private/factor/", page(private.reset_factor), name="person_factor"),
            path("party/person/<int:person_id>/sessions/", page(private.end_all_sessions), name="person_sessions"),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows around its own content."""
        return {**super().each_context(request), "navigation": navigation(self, request)}

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Go to the only sign-in, with the second factor."""
        return redirect("admin:index") if gate.is_let_in(request) else redirect_to_login("/console/")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseRedirect:
        """Go to the only sign-out."""
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseRedirect:
        """Go to the only page that changes a password."""
        return redirect("account_change_password")

    def _entered(self, view: View) -> View:
        """The view behind the door: the person becomes the actor, and times are shown in the console's zone."""

        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if refused := gate.refusal(request):
                return refused
            with acting(gate.actor_of(request)), timezone.override(ZONE):
                try:
                    response = view(request, *args, **kwargs)
                except PermissionDenied:
                    context = {**self.each_context(request), "title": _("Not among your rights")}
                    response = TemplateResponse(request, "console/forbidden.html", context, status=403)
                if isinstance(response, TemplateResponse) and not response.is_rendered:
                    response.render()
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return entered
