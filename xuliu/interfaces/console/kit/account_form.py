"""The form of an account at a carrier or provider, made from its Config: secrets go in and never come out."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, replace
from dataclasses import fields as fields_of
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from xuliu.common.accounts import to_be_given_again
from xuliu.common.configuration import Setting, faults_of, settings_of
from xuliu.common.crypto import CannotOpen
from xuliu.common.deciding import PersonReason
from xuliu.common.models import ConfiguredAccount
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.accounts import fault_of_setting

PREFIX = "config_"


class SecretTextarea(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold ships no types
    """A text area that never shows its value, not even what was just typed."""

    def format_value(self, value: Any) -> str:
        """Nothing."""
        return ""


class SwitchForm(forms.ModelForm[Any]):
    """The kill switch: paused or not, and why. The form keeps what the page showed, so that a form opened before the
    account paused itself does not resume it."""

    is_stopped = forms.BooleanField(
        label=_("Paused"),
        required=False,
        show_hidden_initial=True,
        help_text=_("Stops at once. What is paid for waits and is not lost."),
    )
    stopped_why = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Needed to pause; stands in the timeline."),
    )

    class Meta:
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_stopped"].initial = self.instance.paused_at is not None
        is_untried = getattr(self.instance, "is_untried", False)  # an offering is never tried
        self.fields["stopped_why"].initial = "" if is_untried else self.instance.paused_detail

    def clean(self) -> dict[str, Any] | None:
        """A pause needs a reason, and so does using an account that has not been found right."""
        cleaned = super().clean()
        is_off, is_turned = self.cleaned_data.get("is_stopped"), "is_stopped" in self.changed_data
        is_untried = getattr(self.instance, "is_untried", False)
        if is_turned and (is_off or is_untried) and not self.cleaned_data.get("stopped_why", "").strip():
            self.add_error("stopped_why", gettext("Say why: colleagues and payers will ask."))
        return cleaned

    def turn(self, *, pause: Callable[..., object], resume: Callable[..., object]) -> None:
        """Pause or resume if the person turned the switch. A pause with another reason replaces one that the account
        made by itself."""
        is_said_anew = self.cleaned_data["is_stopped"] and "stopped_why" in self.changed_data
        if "is_stopped" in self.changed_data or is_said_anew:
            turn = pause if self.cleaned_data["is_stopped"] else resume
            turn(self.instance.pk, why=PersonReason.A_PERSON_SAYS, detail=self.cleaned_data["stopped_why"])


class AccountForm(SwitchForm):
    """Secrets left empty stay as stored. `shape` and `opened` are set by `form_for`."""

    shape: ClassVar[type[Any]]
    opened: ClassVar[Callable[[Any], Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance.pk is None
        for name, kind in settings_of(self.shape).items():
            field = self.fields[PREFIX + name]
            field.label = figures.localised(kind.label)
            if not kind.is_secret:
                field.initial = self.instance.config.get(name, field.initial)
            elif not is_new:
                field.required, field.help_text = False, gettext("Stored, and never shown. Leave empty to keep it.")

    @property
    def given(self) -> dict[str, Any]:
        """The Config's fields as typed; secrets only if they were typed."""
        kinds = settings_of(self.shape)
        typed = {name: kind.read(self.cleaned_data.get(PREFIX + name) or "") for name, kind in kinds.items()}
        return {name: value for name, value in typed.items() if value or not kinds[name].is_secret}

    @property
    def changes_access(self) -> bool:
        """Whether any field of the Config was changed."""
        return any(name.startswith(PREFIX) for name in self.changed_data)

    def clean(self) -> dict[str, Any] | None:
        """Refuse values that make no valid Config, with the Config's own words."""
        cleaned = super().clean()
        if not self.errors:
            try:
                self._try()
            except (TypeError, ValueError) as error:
                raise ValidationError(gettext("This does not work: %(why)s") % {"why": error}) from error
            except CannotOpen as error:
                raise ValidationError(gettext("The stored secrets do not open: %(why)s") % {"why": error}) from error
        return cleaned

    def _try(self) -> None:
        is_new = self.instance.pk is None
        config = self.shape(**self.given) if is_new else replace(type(self).opened(self.instance), **self.given)
        for name, code in faults_of(config).items():
            self.add_error(PREFIX + name, fault_of_setting(code))
        if is_new:
            return
        for name in to_be_given_again(self.instance, self.shape, self.given):
            self.add_error(
                PREFIX + name, gettext("An address changes: enter this again. It is sent to no other unseen.")
            )


def form_for(
    shape: type[Any],
    *,
    model: type[ConfiguredAccount],
    fields: Mapping[str, forms.Field],
    opened: Callable[[Any], Any],
) -> type[AccountForm]:
    """The form class for accounts of `model` whose Config is `shape`.

    `fields` are the model's own fields to be written, with the form fields that take them; `opened` gives the Config of
    a stored account, secrets unsealed.
    """
    settings = {PREFIX + name: _field(kind) for name, kind in settings_of(shape).items()}
    for field in fields_of(shape):
        if field.default is not MISSING:
            settings[PREFIX + field.name].required = False
            settings[PREFIX + field.name].initial = field.default
    meta = type("Meta", (), {"model": model, "fields": list(fields)})
    body = {**fields, **settings, "Meta": meta, "shape": shape, "opened": staticmethod(opened)}
    return type("AccountFormOf" + shape.__name__, (AccountForm,), body)


def _is_address(text: str) -> None:
    """Whether it is an address. A path is allowed; a query, a fragment or a user name is not."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError(gettext("Scheme, host, port and path alone, like https://api.example.com."))


def _field(kind: Setting) -> forms.Field:
    if kind.is_long:
        attributes = {"rows": 4, "autocomplete": "off", "spellcheck": "false"}
        widget = SecretTextarea if kind.is_secret else UnfoldAdminTextareaWidget
        return forms.CharField(widget=widget(attrs=attributes), strip=False)
    if kind.is_secret:
        return forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), strip=False)
    if kind.is_url:
        return forms.URLField(widget=UnfoldAdminTextInputWidget(), assume_scheme="https", validators=[_is_address])
    return forms.CharField(widget=UnfoldAdminTextInputWidget())
