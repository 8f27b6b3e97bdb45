"""The console as Django apps: its own pages, and Django's admin on the console's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AppConfig):
    """The pages that join packages, their words and their look."""

    default = True
    name = "xuliu.interfaces.console"
    label = "console"


class ConsoleAdminConfig(AdminConfig):
    """Django's admin, in which the packages' own tables are registered, behind the console's door."""

    default = False
    default_site = "xuliu.interfaces.console.site.ConsoleSite"
