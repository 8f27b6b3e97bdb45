"""What the machine's other guests took of it: without that, figures of a shared machine say little."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Processors:
    """Time of all processors since the machine began, in its ticks, and what of it was stolen."""

    passed: int
    stolen: int


def processors() -> Processors:
    """As the kernel counts (proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal); nought elsewhere."""
    if not STAT.exists():
        return Processors(0, 0)
    ticks = [int(field) for field in STAT.read_text().splitlines()[0].split()[1:9]]
    return Processors(sum(ticks), ticks[7])


def stolen(before: Processors, after: Processors) -> float:
    """The share that was stolen in between."""
    return (after.stolen - before.stolen) / max(after.passed - before.passed, 1)
