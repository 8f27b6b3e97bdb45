"""Faults planted by tests: matched to calls, and drawn from a seed if they have a probability."""

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xuliu.sandbox.engine.store import Row, Store

# What happens to the exchange …
WIRE = frozenset(
    {
        "lose_answer",
        "hang",
        "late",
        "answer_twice",
        "too_many",
        "error",
        "error_after",
        "odd_body",
        "odd_value",
        "drip",
        "token_expired",
        "bad_signature",
        "stale_read",
        "other_sim",
    }
)
OF_READS = frozenset({"stale_read", "other_sim"})  # they hit nothing but reads
# … and what happens to the thing asked for.
DEED = frozenset({"refuse", "act_twice", "wrong_amount", "nothing", "fail_later", "deliver_after_refusing"})
NEVER_ACTS = frozenset({"too_many", "token_expired"})
ACTS_UNLESS_SAID = frozenset(
    {
        "lose_answer",
        "hang",
        "late",
        "answer_twice",
        "error_after",
        "odd_body",
        "odd_value",
        "drip",
        "bad_signature",
        *OF_READS,
    }
)
ALONE = "alone"  # the group of operations that are hit only by faults that name them
OF_NOTICES = frozenset({"nothing", "late", "answer_twice", "bad_signature", "odd_body", "wrong_amount"})
# What every stand-in takes; the rest is for those that say so, see StandIn.faults.
OF_ALL = WIRE - OF_READS - {"bad_signature"}
REASONS = ("sim", "plan", "account", "temporary")
Takes = Mapping[str, Mapping[str, Collection[str]]]  # stand-in → kind → operations, empty: any


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that hits this call."""

    kind: str
    more: dict[str, Any]

    @property
    def acts(self) -> bool:
        """Whether the peer acts on the call nevertheless."""
        if self.kind in NEVER_ACTS:
            return False
        return bool(self.more.get("acts", self.kind in ACTS_UNLESS_SAID))

    @property
    def reason(self) -> str:
        """What a refusal is about."""
        return str(self.more.get("reason", "sim"))

    def amount(self, amount_minor: int) -> int:
        """The amount reported instead, if the fault reports a wrong one."""
        return int(self.more.get("amount_minor", int(amount_minor * float(self.more.get("factor", 0.5)))))

    def seconds(self, default: float) -> float:
        """How long, for faults that take time."""
        return float(self.more.get("seconds", default))


class Faults:
    """The planted faults. `pick` runs for every exchange and costs nothing while there are none."""

    def __init__(self, store: Store, takes: Takes, seed: int) -> None:
        self._store = store
        self._takes = takes
        self._seed = seed
        self._dice = random.Random(seed)
        self._planted: list[Row] = []
        self.read()

    def read(self) -> None:
        """Load the planted faults from the store; the random series restarts if there are none."""
        self._planted = self._store.rows("SELECT * FROM faults ORDER BY id")
        if not self._planted:
            self._dice = random.Random(self._seed)

    def plant(self, wanted: dict[str, Any]) -> int:
        """Plant one; returns its id. Raises ValueError for one that could never hit."""
        known: Row = {
            name: wanted[name] for name in ("peer", "kind", "operation", "iccid", "reference") if name in wanted
        }
        row: Row = {"operation": "*", "iccid": "", "reference": "", **known, "hits": 0}
        row["probability"] = float(wanted.get("probability", 1.0))
        row["left"] = wanted.get("count", 1)
        row["more"] = json.dumps({k: v for k, v in wanted.items() if k not in row and k != "count"})
        self._check(wanted)
        with self._store.transaction():
            planted = self._store.insert("faults", row)
            self.read()
        return planted

    def clear(self, fault_id: int | None = None, peer: str | None = None) -> None:
        """Take out one, a peer's, or all."""
        with self._store.transaction():
            if fault_id is not None:
                self._store.write("DELETE FROM faults WHERE id = ?", (fault_id,))
            elif peer is not None:
                self._store.write("DELETE FROM faults WHERE peer = ?", (peer,))
            else:
                self._store.write("DELETE FROM faults")
            self.read()

    def all(self) -> list[Row]:
        """Those planted, with how often each has hit."""
        return [{**row, **json.loads(row["more"])} for row in self._store.rows("SELECT * FROM faults ORDER BY id")]

    def pick(
        self,
        peer: str,
        operation: str,
        group: str,
        *,
        kinds: Collection[str],
        iccids: Sequence[str] = (),
        reference: str = "",
        is_named: bool = False,
    ) -> Fault | None:
        """The first matching fault that the dice allow; its count drops by one. `is_named`: only those that name a
        SIM."""
        if not self._planted:
            return None
        with self._store.transaction():
            for row in self._planted:
                if row["kind"] not in kinds or (is_named and not row["iccid"]):
                    continue
                if _fits(row, peer, operation, group, iccids, reference) and self._dice.random() < row["probability"]:
                    self._use(row)
                    return Fault(row["kind"], json.loads(row["more"]))
        return None

    def _use(self, row: Row) -> None:
        left = None if row["left"] is None else row["left"] - 1
        self._store.write("UPDATE faults SET hits = hits + 1, left = ? WHERE id = ?", (left, row["id"]))
        row["left"] = left
        if left is not None and left <= 0:
            self._planted = [other for other in self._planted if other["id"] != row["id"]]

    def _check(self, wanted: dict[str, Any]) -> None:
        if wanted.get("peer") not in self._takes:
            raise ValueError(f"peer takes one of {', '.join(self._takes)}")
        if wanted.get("kind") not in WIRE | DEED:
            raise ValueError(f"kind takes one of {', '.join(sorted(WIRE | DEED))}")
        self._check_operation(str(wanted["peer"]), str(wanted["kind"]), str(wanted.get("operation", "*")))
        if wanted.get("reason", "sim") not in REASONS:
            raise ValueError(f"reason takes one of {', '.join(REASONS)}")
        if wanted.get("count", 1) is not None and int(wanted.get("count", 1)) < 1:
            raise ValueError("count takes a number from 1, or null")

    def _check_operation(self, peer: str, kind: str, operation: str) -> None:
        """Refuse a fault that could never hit this operation."""
        if operation == "notice" and kind not in OF_NOTICES:
            raise ValueError(f"a notice takes one of {', '.join(sorted(OF_NOTICES))}")
        if kind in OF_ALL:
            return
        if kind not in self._takes[peer]:
            raise ValueError(f"{peer} knows no {kind}")
        where = self._takes[peer][kind]
        if where and operation not in where:
            raise ValueError(f"{kind} needs an operation, one of {', '.join(where)}")


def _fits(row: Row, peer: str, operation: str, group: str, iccids: Sequence[str], reference: str) -> bool:
    if row["left"] is not None and row["left"] <= 0:
        return False
    named = (operation,) if group == ALONE else ("*", operation, group)
    return (
        row["peer"] == peer
        and row["operation"] in named
        and (not row["iccid"] or row["iccid"] in iccids)
        and (not row["reference"] or row["reference"] == reference)
    )
