"""Why a number is refused: the same in an import's result, on a page and from a command."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.common import signs
from xuliu.inventory.numbers import Kind, NotSuchANumber, NumberFault

LENGTHS: Mapping[Kind, Promise] = {
    Kind.ICCID: _("an ICCID has 18 to 20 digits or capital letters; this one has %(count)s"),
    Kind.MSISDN: _("an MSISDN has 7 to 15 digits; this one has %(count)s"),
    Kind.IMEI: _("an IMEI has 15 digits; 14 or 16 are taken as well; this one has %(count)s"),
    Kind.SERIAL_NUMBER: _("a serial number has 1 to 40 characters; this one has %(count)s"),
}
SIGNS: Mapping[Kind, Promise] = {
    Kind.ICCID: _("an ICCID has only digits and capital letters; at place %(place)s stands %(sign)s"),
    Kind.MSISDN: _("an MSISDN has only digits; at place %(place)s stands %(sign)s"),
    Kind.IMEI: _("an IMEI has only digits; at place %(place)s stands %(sign)s"),
    Kind.SERIAL_NUMBER: _("at place %(place)s stands %(sign)s, which no serial number has"),
}
LOOKALIKE = _("at place %(place)s stands the letter %(letter)s; is it the digit %(digit)s?")
ROUNDED = _("a spreadsheet has rounded this number; export it again with the column formatted as text")
FORMULA = _("this is a spreadsheet's formula and no number; export it again with the values alone")
SWAPPED = _("an ICCID begins with 89; these digits may stand in swapped pairs, as on a chip: is it %(perhaps)s?")
CHECK_DIGIT = _("the last digit of this IMEI does not fit the others")


def refusal_of_number(refused: NotSuchANumber) -> str:
    """Why a text is no such number, in the language that is active."""
    return of_fault(refused.kind, refused.fault, refused.facts)


def of_fault(kind: Kind, fault: NumberFault, facts: Mapping[str, object]) -> str:
    """The same, from its parts. A character is named, so that even an invisible one can be found."""
    shown = {**facts, "sign": signs.named(str(facts["sign"]))} if "sign" in facts else facts
    return str(_template(kind, fault)) % shown


def _template(kind: Kind, fault: NumberFault) -> Promise:
    match fault:
        case NumberFault.LENGTH:
            return LENGTHS[kind]
        case NumberFault.SIGN:
            return SIGNS[kind]
        case NumberFault.LOOKALIKE:
            return LOOKALIKE
        case NumberFault.ROUNDED:
            return ROUNDED
        case NumberFault.FORMULA:
            return FORMULA
        case NumberFault.SWAPPED:
            return SWAPPED
        case NumberFault.CHECK_DIGIT:
            return CHECK_DIGIT
