"""Why something happened, as a code. A package has an enum of its reasons beside what moves things for them.

`interfaces/wording` has words for every code; what a person typed or somebody outside said stands behind it as detail.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

MOST_LETTERS = 40


class WhyCode(StrEnum):
    """What the packages' own reasons derive from. A code means the same wherever it stands."""


class Why(NamedTuple):
    """The reason of one row where each has its own."""

    code: WhyCode
    detail: str = ""


Whys = WhyCode | Sequence[Why] | None  # one for all rows, or each row's own
