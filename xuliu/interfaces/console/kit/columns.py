"""Columns of the console's tables: a translated title and the value of a row.

A column is a function of a row, as Django's `list_display` and `readonly_fields` take it. `field` may follow keys
(`account__carrier`); the list then names them in `list_select_related`.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from json import dumps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.states import States, Text, Word

Column = Callable[[Model], Any]

STATE = _("State")


def plain(field: str, title: Text, *, in_order: bool = True) -> Column:
    """The value unchanged."""
    return _column(lambda row: _or_dash(_value(row, field)), title, field if in_order else "")


def figure(field: str, title: Text) -> Column:
    """A number, on the right."""
    return _column(lambda row: right_aligned(_or_dash(_value(row, field))), title, field, is_right=True)


def code(field: str, title: Text) -> Column:
    """A number or code, set in a fixed-width font for comparing and copying."""
    return _column(lambda row: _in_code(_value(row, field)), title, field)


def yes_no(field: str, title: Text) -> Column:
    """Yes or no, in words."""
    return _column(lambda row: _("Yes") if _value(row, field) else _("No"), title, field)


def word(field: str, title: Text, words: Mapping[Any, Text], *, in_order: bool = True) -> Column:
    """A code shown as its word."""
    order = field if in_order else ""
    return _column(lambda row: words.get(_value(row, field), _or_dash(_value(row, field))), title, order)


def state(states: States, *, field: str = "state", title: Text = STATE) -> Column:
    """A state as a badge with its word."""
    return _column(lambda row: badge(_value(row, field), states), title, field)


def moment(field: str, title: Text) -> Column:
    """An instant, to the second, in the active zone."""

    def shown(row: Model) -> Any:
        return format_html('<span class="x-moment">{}</span>', figures.instant(_value(row, field)))

    return _column(shown, title, field)


def day(field: str, title: Text, *, is_exclusive_end: bool = False) -> Column:
    """A civil date; an exclusive end is shown as the last day served."""
    text = figures.last_day if is_exclusive_end else figures.day
    return _column(lambda row: text(_value(row, field)), title, field)


def money(field: str, title: Text, *, currency: str = "currency") -> Column:
    """An amount with its currency, on the right."""

    def shown(row: Model) -> Any:
        return right_aligned(figures.amount(_value(row, field), _value(row, currency)))

    return _column(shown, title, field, is_right=True)


def size(field: str, title: Text) -> Column:
    """A size in readable units, on the right."""
    return _column(lambda row: right_aligned(figures.exact_size(_value(row, field))), title, field, is_right=True)


def name(field: str, title: Text) -> Column:
    """A {locale: text} in the reader's language; for a foreign key, that row's `name`."""

    def shown(row: Model) -> Any:
        text = figures.localised(_value(row, field))
        return format_html('<span class="x-name" title="{}">{}</span>', text, text)

    return _column(shown, title, "")


def related(field: str, title: Text, *, to: str, text: str = "") -> Column:
    """A link to another table's row. `to` is `app.model`; `field` holds its id, `text` what is shown (else the id)."""

    def shown(row: Model) -> Any:
        found = _value(row, field)
        return figures.NONE if found is None else link(to, found, _value(row, text) if text else found)

    return _column(shown, title, field)


def document(field: str, title: Text) -> Column:
    """A JSON value, laid out for reading."""

    def shown(row: Model) -> Any:
        found = _value(row, field)
        if found in (None, "", {}):
            return figures.NONE
        laid_out = dumps(found, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
        return format_html('<pre class="x-document">{}</pre>', laid_out)

    return _column(shown, title, "")


def computed(title: Text) -> Callable[[Callable[[Any], Any]], Column]:
    """Decorator: a column computed from the row."""
    return lambda shown: _column(shown, title, "")


def badge(found: str, states: States) -> SafeString:
    """A state's word in its tone."""
    text, tone = states.get(found, Word(found))
    return format_html('<span class="x-badge x-{}">{}</span>', tone, text)


def link(to: str, key: Any, text: Any) -> SafeString:
    """A link to the page of a row; `to` is `app.model`."""
    app, model = to.split(".")
    return format_html('<a class="x-link" href="{}">{}</a>', reverse(f"admin:{app}_{model}_change", args=[key]), text)


def right_aligned(found: Any) -> SafeString:
    """A figure that stands at the right edge of its cell."""
    return format_html('<span class="x-figure">{}</span>', found)


def _in_code(found: Any) -> Any:
    return format_html('<span class="x-code">{}</span>', found) if found not in (None, "") else figures.NONE


def _column(shown: Callable[[Any], Any], title: Text, order: str, *, is_right: bool = False) -> Column:
    def of_row(row: Any) -> Any:
        return shown(row)

    column: Any = of_row
    column.short_description = title
    column.admin_order_field = order
    # Becomes part of the column's CSS class, so it must be unique within a table.
    column.__name__ = f"{'right' if is_right else 'left'}_{order or id(column)}"
    made_column: Column = column
    return made_column


def _value(row: Any, field: str) -> Any:
    return reduce(lambda found, part: None if found is None else getattr(found, part), field.split("__"), row)


def _or_dash(found: Any) -> Any:
    return figures.NONE if found in (None, "") else found
