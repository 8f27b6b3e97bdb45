"""What was wrong with a file of SIMs or one of its lines, and the rows of the result file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.common import signs
from xuliu.interfaces.wording import numbers
from xuliu.interfaces.wording.figures import NONE
from xuliu.interfaces.wording.states import SIMS
from xuliu.inventory.imports.problems import NAMED_LINES, FileFault, LineFault, Problem, UnreadableFile
from xuliu.inventory.numbers import Kind, NumberFault

OF_FILE: Mapping[FileFault, Promise] = {
    FileFault.UNREADABLE: _("%(path)s cannot be read (%(why)s)."),
    FileFault.SPREADSHEET: _("This is a file of %(program)s; save it as “CSV UTF-8” and import that."),
    FileFault.ENCODING: _(
        "The file is not in UTF-8 but probably in %(encoding)s; save it as “CSV UTF-8” and import that."
    ),
    FileFault.EMPTY: _("The file is empty."),
    FileFault.TOO_LARGE: _("The file is larger than 128 MB; split it."),
    FileFault.TOO_MANY_LINES: _("The file has more than %(most)s lines; split it."),
    FileFault.HEADING_TOO_LONG: _("The first line is longer than 64 KB; it must name the columns."),
    FileFault.HIDDEN_SIGN: _("In the first line stands %(sign)s."),
    FileFault.COLUMN_UNKNOWN: _(
        "The column “%(column)s” is not known; the first line must name columns among these: %(known)s."
    ),
    FileFault.COLUMN_TWICE: _("The column “%(column)s” stands twice in the first line."),
    FileFault.COLUMN_MISSING: _("The column “%(column)s” is missing."),
    FileFault.ACCOUNT_UNKNOWN: _("There is no carrier account “%(code)s”; there are: %(known)s."),
}
OF_LINE: Mapping[LineFault, Promise] = {
    LineFault.LINE_TOO_LONG: _("this line is longer than 64 KB; is a line break missing?"),
    LineFault.NOT_A_TABLE: _("this line cannot be read as CSV; is a quotation mark left open?"),
    LineFault.TOO_MANY_CELLS: _(
        "this line has more cells than the heading has columns; is a text with a comma not in quotation marks?"
    ),
    LineFault.DATABASE: _("the database refuses this line: %(why)s"),
    LineFault.NOT_A_DATE: _("this is no date such as 2026-12-31 between the years 2000 and 2099"),
    LineFault.NOT_A_WHOLE_DAY: _("a time stands behind this date; a whole day is wanted, such as 2026-12-31"),
    LineFault.COUNT_OF_DAYS: _(
        "this is a spreadsheet's count of days; export it again with the column formatted as a date"
    ),
    LineFault.NOT_A_STATE: _("this is no state; there are: %(known)s"),
    LineFault.TEXT_TOO_LONG: _("this is longer than %(longest)s characters"),
    LineFault.CONTROL_SIGN: _("at place %(place)s stands %(sign)s, which cannot be kept"),
    LineFault.NOT_A_PASSWORD: _("a service password has 4 to 32 letters, digits or signs without spaces"),
    LineFault.MISSING: _("this is missing"),
    LineFault.NEEDS_OTHER: _("this needs %(other)s as well"),
    LineFault.ACCOUNT_UNKNOWN: _("there is no carrier account with this code; there are: %(known)s"),
    LineFault.ENDS_BEFORE_START: _("the last day is before the first"),
    LineFault.NOT_THIS_CARRIERS: _(
        "this carrier's MSISDNs have %(lengths)s digits, with or without the country code %(code)s"
    ),
    LineFault.CONTRADICTED: _("this stands with other data in line %(lines)s too; none of them was imported"),
    LineFault.REPEATED: _("line %(lines)s says the same and was imported"),
    LineFault.MAYBE_ROUNDED: _(
        "a spreadsheet may have rounded this number: every digit after the 15th is 0; compare it with the card"
    ),
    LineFault.CHECK_DIGIT_DIFFERS: _(
        "the last digit is not the check digit; with this issuer it may be none, but it may be a typing error"
    ),
    LineFault.OTHER_CARRIERS: _("a number that begins like this belongs to %(proposed)s, not to %(carrier)s"),
    LineFault.OTHER_NAME: _("line %(line)s gives this merchant another name, which was taken"),
    LineFault.COMMON: _("%(count)s of %(lines)s lines (%(which)s): %(what)s"),
    LineFault.OTHER_ACCOUNT: _("this SIM belongs to the carrier account %(other)s"),
    LineFault.TERMINAL_TAKEN: _("the SIM %(other)s is in this terminal; unbind it first"),
    LineFault.BOUND_ELSEWHERE: _("this SIM is in the terminal %(other)s; unbind it first"),
    LineFault.NUMBER_TAKEN: _("the SIM %(other)s has this number"),
    LineFault.KEPT_STATE: _("the SIM is %(other)s and stays so; an import moves no states"),
    LineFault.KEPT_PERIOD: _("the SIM is served until %(other)s and stays so; an import makes no period shorter"),
}
HEADINGS = ("line", "column", "value", "what", "reason")
SECRET_COLUMNS = frozenset({"service_password"})


def refusal_of_file(refused: UnreadableFile) -> str:
    """Why the file as a whole was not taken: one sentence."""
    return str(OF_FILE[refused.fault]) % _shown(refused.facts)


def reason(problem: Problem) -> str:
    """What is wrong with the line; for a refused value also the invisible character in it."""
    text = _of_fault(problem)
    unseen = signs.unseen_in(problem.value) if problem.is_refusal else None
    if unseen is None or signs.named(unseen[0]) in text:
        return text
    facts = {"why": text, "sign": signs.named(unseen[0]), "place": unseen[1]}
    return gettext("%(why)s; in the cell %(sign)s stands at place %(place)s") % facts


def first_lines(lines: Sequence[int]) -> str:
    """The numbers of the first few of them."""
    named = ", ".join(map(str, lines[:NAMED_LINES]))
    return f"{named} …" if len(lines) > NAMED_LINES else named


def result_rows(problems: Iterable[Problem]) -> Iterator[Sequence[object]]:
    """The headings and a row per problem, refusals first. Passwords are left out."""
    yield HEADINGS
    for problem in sorted(problems, key=lambda problem: (not problem.is_refusal, problem.line, problem.column)):
        value = "" if problem.column in SECRET_COLUMNS else problem.value
        what = gettext("refused") if problem.is_refusal else gettext("imported, please check")
        yield problem.line, problem.column, value, what, reason(problem)


def _of_fault(problem: Problem) -> str:
    if isinstance(problem.fault, NumberFault):
        return numbers.of_fault(Kind(str(problem.facts["kind"])), problem.fault, problem.facts)
    return str(OF_LINE[problem.fault]) % _shown(problem.facts)


def _shown(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(name, fact) for name, fact in facts.items()}


def _text(name: str, fact: object) -> str:
    match name, fact:
        case "sign", str():
            return signs.named(fact)
        case "which", tuple():
            return first_lines(fact)
        case "lengths", tuple():
            return "/".join(map(str, fact))
        case _, tuple():
            return ", ".join(map(str, fact)) or NONE
        case "other", str() if fact in SIMS:
            return str(SIMS[fact].payer.text)
        case _, Problem():
            return _of_fault(fact)
    return str(fact)
