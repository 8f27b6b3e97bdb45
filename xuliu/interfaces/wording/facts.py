"""The facts of a case as people read them: a name with a figure, instant or word."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.reasons import note, reason
from xuliu.interfaces.wording.states import STATES_OF, Word

NAMES: Mapping[str, Promise] = {
    "amount_minor": _("Amount"),
    "attempt": _("Attempt"),
    "bytes_before": _("Granted before"),
    "bytes_now": _("Granted now"),
    "bytes_proven": _("Granted, as proven"),
    "bytes_said": _("Granted, as the carrier says"),
    "carrier_number": _("Carrier's number"),
    "count": _("How many"),
    "detail": _("Answer"),
    "end_before": _("Last day served before"),
    "end_now": _("Last day served now"),
    "end_proven": _("Last day served, as proven"),
    "end_said": _("Last day served, as the carrier says"),
    "error": _("Error"),
    "expected": _("Asked for"),
    "last": _("Last heard"),
    "number": _("Provider's number"),
    "operation": _("Operation"),
    "paid_at": _("Paid"),
    "place": _("Place in the code"),
    "provider_number": _("Provider's number"),
    "reference": _("Reference"),
    "refused_at": _("Refused"),
    "said": _("Said"),
    "sendings": _("Times sent"),
    "sent_at": _("Sent"),
    "since": _("Since"),
    "state": _("State"),
    "step": _("Step"),
    "why": _("Reason"),
}
BESIDE = frozenset({"currency"})  # said with the amount


def named(facts: Mapping[str, Any], *, subject_kind: str) -> Iterator[tuple[str, str]]:
    """Name and text of each fact that is known."""
    for key, value in facts.items():
        if key not in BESIDE and value not in (None, "", {}):
            try:
                text = _text(key, value, facts, subject_kind)
            except (TypeError, ValueError):  # an older release stored it differently
                text = str(value)
            if text:
                yield str(NAMES.get(key, key)), text


def _text(key: str, value: Any, facts: Mapping[str, Any], subject_kind: str) -> str:
    """A case stores instants and days as texts, because JSON has no type for them."""
    if isinstance(value, Mapping):
        parts = named(value, subject_kind=subject_kind)
        return gettext("; ").join(gettext("%(name)s: %(text)s") % {"name": name, "text": text} for name, text in parts)
    if key == "amount_minor":
        return figures.amount(value, facts.get("currency", "")).strip()
    if key == "state":
        return str(STATES_OF.get(subject_kind, {}).get(value, Word(value)).text)
    if key == "since" or key.endswith("_at"):
        return figures.instant(datetime.fromisoformat(value))
    if key.startswith("end_"):
        return figures.last_day(date.fromisoformat(value))
    if key.startswith("bytes_"):
        return figures.exact_size(value)
    return reason(value) if key == "why" else note(str(value))
