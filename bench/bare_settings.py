"""The settings of every installation, with no middleware and one view."""

from xuliu.config import settings as whole
from xuliu.config.settings import *  # noqa: F403  # all of them but those below

# What draws pages insists on its middleware.
INSTALLED_APPS = [app for app in whole.INSTALLED_APPS if app.startswith(("xuliu.", "django.")) and "console" not in app]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.bare_wsgi"
