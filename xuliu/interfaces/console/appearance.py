"""How django-unfold looks here: our palette and none of its own decoration. Read by the settings."""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

# Shades between our tokens (--ground … --ink, --flow), under the names that unfold's components use.
_BASE = {
    "50": "#f4f6f8", "100": "#eaeef3", "200": "#dfe5ec", "300": "#c3ccd8", "400": "#8d9ab0", "500": "#66748c",
    "600": "#51607a", "700": "#2b3644", "800": "#1f2937", "900": "#18202c", "950": "#0f151d",
}  # fmt: skip
_FLOW = {
    "50": "#eef8f5", "100": "#e3f3ef", "200": "#bfe3da", "300": "#8fcfc0", "400": "#62d5bd", "500": "#3fc3a7",
    "600": "#0b6e5d", "700": "#07574a", "800": "#06463c", "900": "#053830", "950": "#16332e",
}  # fmt: skip

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Xuliu console"),
    "SITE_HEADER": _("Xuliu console"),
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": _BASE,
        "primary": _FLOW,
        "font": {
            "subtle-light": "#51607a",
            "subtle-dark": "#a9b5c4",
            "default-light": "#14213d",
            "default-dark": "#eef2f6",
            "important-light": "#14213d",
            "important-dark": "#eef2f6",
        },
    },
    "STYLES": [lambda request: static("console/tokens.css"), lambda request: static("console/chrome.css"),
               lambda request: static("console/tables.css")],
}  # fmt: skip
