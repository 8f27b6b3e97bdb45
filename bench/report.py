"""What was measured: a table for people, results.json for whoever compares."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.databases import Written

Bar = Callable[["Result"], bool]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One figure beside what the same machine could do at best in the same run. `bar` is what it should keep."""

    name: str
    ours: float
    ceiling: float | None = None
    unit: str
    bar: str = ""
    is_kept: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours over the ceiling."""
        return None if not self.ceiling else self.ours / self.ceiling


def rate(
    name: str, ours: float, *, unit: str, ceiling: float | None = None, least: float = 0.0, share: float = 0.0
) -> Result:
    """A rate, with the least it should be, or the least share of the ceiling."""
    bar = f"≥ {share:g} of the ceiling" if share else f"≥ {least:g}" if least else ""
    is_kept = ours >= least and ours >= share * (ceiling or 0.0)
    return Result(name=name, ours=ours, ceiling=ceiling, unit=unit, bar=bar, is_kept=is_kept)


def duration(name: str, ours: float, *, most: float, bar: str, ceiling: float | None = None) -> Result:
    """Seconds, with the most they should be."""
    return Result(name=name, ours=ours, ceiling=ceiling, unit="s", bar=bar, is_kept=ours <= most)


def same_rows(name: str, ours: Written, ceiling: Written) -> None:
    """Print the rows that both wrote by table. Raises AssertionError where they differ."""
    print(f"\n{name}: rows inserted, updated, deleted")
    for table in sorted({*ours, *ceiling}):
        print(f"  {table:24} ours {_counts(ours.get(table))}   ceiling {_counts(ceiling.get(table))}")
    if ours != ceiling:
        raise AssertionError(f"{name}: ours and its ceiling do not write the same rows")


def table(results: Sequence[Result]) -> str:
    """The results as a table in Markdown."""
    lines = ["| what | ours | ceiling | ratio | unit | bar | |", "|---|---:|---:|---:|---|---|---|"]
    for one in results:
        figures = [_figure(one.ours), _figure(one.ceiling), _figure(one.ratio)]
        verdict = "" if not one.bar else "kept" if one.is_kept else "MISSED"
        lines.append(f"| {one.name} | {' | '.join(figures)} | {one.unit} | {one.bar} | {verdict} |")
    return "\n".join(lines)


def write(results: Sequence[Result], path: Path) -> None:
    """As JSON, figures to four digits."""
    rows = [
        {
            "name": one.name,
            "ours": _rounded(one.ours),
            "ceiling": _rounded(one.ceiling),
            "ratio": _rounded(one.ratio),
            "unit": one.unit,
        }
        for one in results
    ]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _counts(counts: tuple[int, int, int] | None) -> str:
    return " ".join(f"{count:9,}" for count in counts or (0, 0, 0))


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.4g}")


def _figure(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
