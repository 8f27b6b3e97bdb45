"""The console as Django apps: its own pages, and Django's admin on the console's site."""

from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AppConfig):
    """The pages that join packages, their words and their look."""

    default = True
    name = "xuliu.interfaces.console"
    label = "console"


class ConsoleAdminConfig(AdminConfig):
    """Django's admin, in which the console's tables are registered, behind the console's door."""

    default = False
    default_site = "xuliu.interfaces.console.site.ConsoleSite"

    def ready(self) -> None:
        """Register the tables: each module in `tables` registers its own."""
        super().ready()
        tables = import_module("xuliu.interfaces.console.tables")
        for module in iter_modules(tables.__path__):
            import_module(f"{tables.__name__}.{module.name}")
