"""What a connector's `tests/rig.py` says of the sandbox: which SIMs it may stock there, and which plans it orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xuliu.carrier.contract import Action, Outcome, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan of the sandbox: what it grants."""

    code: str
    months: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What the sandbox has for a carrier: numbers that its SIMs may have, and plans."""

    iccid_prefix: str
    msisdn_prefix: str
    plans: Mapping[Action, Plan]
    base_plan: str
    # Refusals for which its protocol has no answer of their own, and what the nearest answer is taken for.
    told_otherwise: Mapping[tuple[Action, Reason], tuple[Outcome, Reason | None]] = field(default_factory=dict)
