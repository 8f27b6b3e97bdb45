"""The command line's language."""

import argparse
import os

from django.conf import settings


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add `--language`; the default is the terminal's."""
    languages = [code for code, _name in settings.LANGUAGES]
    parser.add_argument("--language", choices=languages, default=of_terminal(), help="(default: %(default)s)")


def of_terminal() -> str:
    """Chinese where the terminal is set to it (LC_ALL, LC_MESSAGES, LANG), else English."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh-hans" if said.lower().startswith("zh") else "en"
