"""What a provider's ways to pay bring to the surfaces: words in both languages, and their part of the payer's page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from xuliu.payment.models import Payment

Text = Mapping[str, str]  # by language: zh-hans, en


@dataclass(frozen=True, slots=True, kw_only=True)
class WayWords:
    """What is said of one way to pay. A sentence that is left out is the shared one, with the provider's name in it."""

    name: Text = field(default_factory=dict)  # for staff
    pay: Text = field(default_factory=dict)  # the button; `%(total)s` stands for the amount
    say: Text = field(default_factory=dict)  # what the payer shall do now
    advice: Text = field(default_factory=dict)  # … and how
    press: Text = field(default_factory=dict)  # SHEET: the button that opens it
    only_phone: Text = field(default_factory=dict)  # QR: what to do without a second device to scan with
    here: Text = field(default_factory=dict)  # inside the app, before anybody has said who pays
    elsewhere: Text = field(default_factory=dict)  # to everybody else while it is being paid
    asked: Text = field(default_factory=dict)  # when the time to pay is over


class SharedParts:
    """What stands for a provider that brings nothing. A folder in `providers/` has a class `PageParts` made from it."""

    code: ClassVar[str] = ""  # the provider's
    called: ClassVar[Text] = {}  # what sentences call it, where that is not its name
    scanner: ClassVar[Text] = {}  # the app of its own with which people scan any code
    words: ClassVar[Mapping[str, WayWords]] = {}  # by the way's code
    templates: ClassVar[Mapping[str, str]] = {}  # likewise, where the shared part of its kind does not do
    scripts: ClassVar[Mapping[str, str]] = {}  # likewise, the static file that the template needs

    @staticmethod
    def is_inside(browser: str) -> bool:
        """Is this, by its User-Agent, the browser of the provider's app?"""
        return False

    @staticmethod
    def more(payment: Payment, *, back_url: str, now: datetime) -> Mapping[str, str]:
        """What its template reads as `more`; made anew for every look and no news by itself."""
        return {}
