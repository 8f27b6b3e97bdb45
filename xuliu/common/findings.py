"""What trying an account at somebody outside shows of it. No Django: connectors and providers return these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class TryResult(StrEnum):
    """How something of an account was found."""

    RIGHT = "right"
    WRONG = "wrong"
    UNTRIED = "untried"  # it could not be tried: nobody answered, or it shows only with the first payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `about` names it in both languages; `why` is the other side's word, or ours in two.

    Without what `is_needed` nothing can be done through the account at all.
    """

    about: Mapping[str, str]
    shown: TryResult
    why: str | Mapping[str, str] = ""
    is_needed: bool = True


def is_usable(findings: Sequence[Finding]) -> bool:
    """Whether all that is needed was found right, and nothing wrong."""
    needed = [finding for finding in findings if finding.is_needed]
    is_wrong = any(finding.shown is TryResult.WRONG for finding in findings)
    return bool(needed) and not is_wrong and all(finding.shown is TryResult.RIGHT for finding in needed)
