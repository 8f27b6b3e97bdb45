"""The bench goes on running: its measures at their tiny sizes, what ours writes compared with its ceiling's."""

from __future__ import annotations

import subprocess
import sys

from tests.harness.plugin import ROOT

PATIENCE_SECONDS = 120
# All but those that start the processes of a whole installation.
MEASURES = ("import", "place", "lines", "post")


def test_measures_run_and_ours_writes_what_its_ceiling_writes() -> None:
    command = [sys.executable, "-m", "bench", "--small", *MEASURES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert ran.returncode == 0, ran.stderr
    for said in ("importing 40", "placing 20", "completing 40", "ledger postings"):
        assert f"| {said}" in ran.stdout
