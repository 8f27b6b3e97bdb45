"""What kinds of cases there are: each package names its own, beside what opens them."""

from enum import StrEnum

from xuliu.common.reasons import WhyCode


class CaseKind(StrEnum):
    """What the packages' own kinds derive from. `interfaces/wording` has words for every kind."""


def kind_named(code: str) -> CaseKind:
    """The kind of that code, whichever package named it. Raises KeyError for one that none did."""
    return {str(kind): kind for kinds in CaseKind.__subclasses__() for kind in kinds}[code]


class CaseReason(WhyCode):
    """Why a case was closed, where no person did."""

    NO_LONGER_SO = "no_longer_so"
    WORKS_AGAIN = "works_again"
