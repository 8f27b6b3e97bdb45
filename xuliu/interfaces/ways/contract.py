"""What a provider supplies for its ways to pay: words in both languages and a part of the payer's page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from xuliu.payment.models import Payment

Text = Mapping[str, str]  # by language: zh-hans, en


@dataclass(frozen=True, slots=True, kw_only=True)
class WayWords:
    """The words for one way to pay. For a sentence left out, the shared one with the provider's name is used."""

    name: Text = field(default_factory=dict)  # for staff
    pay: Text = field(default_factory=dict)  # the button; `%(total)s` stands for the amount
    say: Text = field(default_factory=dict)  # what the payer has to do now
    advice: Text = field(default_factory=dict)  # … and how
    press: Text = field(default_factory=dict)  # SHEET: the button that opens it
    only_phone: Text = field(default_factory=dict)  # QR: what to do without a second device to scan with
    here: Text = field(default_factory=dict)  # inside the app, before anybody has signed in to pay
    elsewhere: Text = field(default_factory=dict)  # for everybody else while somebody is paying
    asked: Text = field(default_factory=dict)  # when the time to pay has run out


class SharedParts:
    """The default for a provider without a folder. A folder in `providers/` has a subclass called `PageParts`."""

    code: ClassVar[str] = ""  # the provider's
    called: ClassVar[Text] = {}  # its name within a sentence, if different
    scanner: ClassVar[Text] = {}  # its app, if that scans any QR code
    words: ClassVar[Mapping[str, WayWords]] = {}  # by the way's code
    templates: ClassVar[Mapping[str, str]] = {}  # likewise, if the shared part of its kind does not fit
    scripts: ClassVar[Mapping[str, str]] = {}  # likewise, the static file that the template needs

    @staticmethod
    def is_inside(browser: str) -> bool:
        """Whether this User-Agent is the browser inside the provider's app."""
        return False

    @staticmethod
    def more(payment: Payment, *, back_url: str, now: datetime) -> Mapping[str, str]:
        """The template's `more`; made anew for each response, and not counted as a change of the page."""
        return {}
