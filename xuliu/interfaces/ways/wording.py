"""A way to pay in the reader's language: to the payer, on a receipt, and to staff."""

from dataclasses import dataclass

from django.utils.translation import gettext, pgettext

from xuliu.interfaces.ways.contract import Text, WayWords
from xuliu.interfaces.ways.registry import all_parts, parts_of
from xuliu.interfaces.wording.figures import localised
from xuliu.payment.contract import PagePart, Way
from xuliu.payment.registry import all_providers, all_ways


@dataclass(frozen=True, kw_only=True)
class ShownWay:
    """A way to pay as the payer's page shows it."""

    code: str
    has_sign_in: bool
    is_in_app: bool
    provider: str
    called: str  # the provider's name within a sentence
    needs_token: bool
    is_drawn: bool
    template: str
    script: str
    pay: str
    instead: str
    say: str
    advice: str
    press: str
    only_phone: str
    here: str
    elsewhere: str
    asked: str


def shown_way(code: str, *, total: str = "") -> ShownWay:
    """The way with that code, `total` on its button. Raises KeyError if no provider has it."""
    way, provider = all_ways()[code]
    parts, called = parts_of(provider.code), name_in_sentences(provider.code)
    words = parts.words.get(code, WayWords())
    pay = (_own(words.pay) or gettext("Pay %(total)s with %(provider)s")) % {"total": total, "provider": called}
    return ShownWay(
        code=code,
        has_sign_in=way.has_sign_in,
        is_in_app=way.is_in_app,
        provider=provider.code,
        called=called,
        is_drawn=way.part is PagePart.QR,
        needs_token=way.part is not PagePart.NOTHING,
        template=parts.templates.get(code, f"ways/{way.part}.html"),
        script=parts.scripts.get(code, ""),
        pay=pay,
        instead=gettext("Show a code to scan") if way.part is PagePart.QR else pay,
        say=_own(words.say) or _say(way) % {"provider": called},
        advice=_own(words.advice) or gettext("This page goes on by itself once it is paid."),
        press=_own(words.press),
        only_phone=_own(words.only_phone),
        here=_own(words.here) or _here(),
        elsewhere=_own(words.elsewhere) or _elsewhere() % {"provider": called},
        asked=_own(words.asked) or _asked() % {"provider": called},
    )


def _say(way: Way) -> str:
    return {
        PagePart.QR: gettext("Scan with %(provider)s to pay"),
        PagePart.SHEET: gettext("Confirm the payment with %(provider)s"),
        PagePart.REDIRECT: gettext("You pay on %(provider)s's page"),
        PagePart.NOTHING: gettext("Confirm the payment with %(provider)s"),
    }[way.part]


def _here() -> str:
    return gettext("Pay here. If somebody else is just paying it, wait: this page shows it by itself.")


def _elsewhere() -> str:
    return gettext("Somebody is paying it with %(provider)s")


def _asked() -> str:
    return gettext("We ask %(provider)s whether it was paid. If it was, it is delivered; otherwise nothing happens.")


def provider_name(provider: str) -> str:
    """The provider's name, as on a receipt; its code if the provider is no longer installed."""
    found = all_providers().get(provider)
    return _own(found.name) if found else provider


def name_in_sentences(provider: str) -> str:
    """The provider's name within a sentence."""
    return _own(parts_of(provider).called) or provider_name(provider)


def way_name(code: str) -> str:
    """The way's name for staff."""
    found = all_ways().get(code)
    if found is None:
        return code
    way, provider = found
    own = parts_of(provider.code).words.get(code, WayWords()).name
    kinds = {
        PagePart.QR: gettext("QR code"),
        PagePart.SHEET: gettext("Inside %(provider)s"),
        PagePart.REDIRECT: gettext("On %(provider)s's page"),
        PagePart.NOTHING: gettext("%(provider)s asks the payer"),
    }
    return _own(own) or kinds[way.part] % {"provider": name_in_sentences(provider.code)}


def scanners() -> str:
    """The apps, besides the phone's camera, that scan any QR code; "" if no provider has one."""
    names = [_own(parts.scanner) for parts in all_parts().values() if parts.scanner]
    return pgettext("between names", ", ").join(names)


def _own(text: Text) -> str:
    return localised(text, default="")
