"""The bench goes on running: every measure at its tiny size, what ours writes compared with its ceiling's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.harness.plugin import ROOT

PATIENCE_SECONDS = 120


@pytest.mark.parametrize("measure", ["import", "place", "lines", "post"])
def test_a_measure_runs_and_writes_what_its_ceiling_writes(measure: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--small", measure],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "| what | ours | ceiling |" in ran.stdout
