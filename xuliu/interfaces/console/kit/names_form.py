"""Form fields for texts in several languages, and for money."""

from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

LOCALES = {"zh-hans": "中文", "en": "English"}


class NamesWidget(forms.MultiWidget):
    """One line per language."""

    def __init__(self) -> None:
        super().__init__(
            [UnfoldAdminTextInputWidget(attrs={"placeholder": label, "lang": code}) for code, label in LOCALES.items()]
        )

    def decompress(self, value: Any) -> list[str]:
        """The texts in the order of LOCALES."""
        texts = value if isinstance(value, dict) else {}
        return [texts.get(code, "") for code in LOCALES]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The lines below each other."""
        return format_html(
            "<div{}>{}</div>", flatatt({"class": "x-names"}), super().render(name, value, attrs, renderer)
        )


class NamesField(forms.MultiValueField):
    """A {locale: text} whose Chinese text is required; empty languages are omitted."""

    def __init__(self, *, label: Any = None, required: bool = True) -> None:
        fields = [forms.CharField(required=required and code == "zh-hans", max_length=200) for code in LOCALES]
        super().__init__(fields, label=label, required=required, require_all_fields=False, widget=NamesWidget())
        self.error_messages["incomplete"] = _("The Chinese text is needed.")

    def compress(self, data_list: list[str]) -> dict[str, str]:
        """The mapping that is stored."""
        return {code: text for code, text in zip(LOCALES, data_list, strict=False) if text}


class MoneyField(forms.DecimalField):
    """An amount typed in whole units with two decimals, returned in minor units."""

    def __init__(self, *, label: Any, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
        super().__init__(label=label, min_value=Decimal(0), max_digits=12, decimal_places=2, widget=widget, **kwargs)

    def clean(self, value: Any) -> Any:
        """The amount in minor units."""
        amount = super().clean(value)
        return None if amount is None else int(amount * 100)

    def prepare_value(self, value: Any) -> Any:
        """The amount as typed, or stored minor units as they would be typed."""
        return f"{Decimal(value) / 100:.2f}" if isinstance(value, int) else value
