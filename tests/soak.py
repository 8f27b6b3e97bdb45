"""Play random sequences of the line for a while: `make soak SECONDS=600 SEED=7`.

Each round of sequences has a seed of its own, printed before it is played; what fails is printed as the calls that led
there, and `python -m tests.soak --seconds 1 --seed <that seed>` plays the same round again.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.harness import plugin
from xuliu.config import embedded

SEQUENCES_A_ROUND = 10
STEPS_A_SEQUENCE = 40


def main() -> int:
    """Play for so long; 0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (a round that was begun is ended)")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; the next ones count on from it")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest sequence that fails")
    args = parser.parse_args()
    first = random.randrange(10**6) if args.seed is None else args.seed
    server = embedded.start(plugin.HOME, plugin.SERVER_SETTINGS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _play(Path(folder), args.seconds, first, is_shrunk=args.shrink)
    finally:
        server.release()


def _play(folder: Path, seconds: float, first: int, *, is_shrunk: bool) -> int:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "xuliu.config.settings"
    os.environ["XULIU_CLOCK_FILE"] = str(folder / "clock")
    django.setup()
    logging.disable(logging.WARNING)  # what goes wrong here goes wrong on purpose
    from tests.journeys.machine import Line, Stage
    from xuliu.sandbox import testing

    (folder / "clock").write_text("0")
    with testing.start(folder / "sandbox") as sandbox:
        Line.stage = Stage(sandbox, folder / "clock")
        ends, number = time.monotonic() + seconds, first
        while number == first or time.monotonic() < ends:
            sys.stdout.write(f"seed {number}\n")
            _round(number, is_shrunk=is_shrunk)
            number += 1
    rounds = number - first
    sys.stdout.write(f"{rounds} rounds of {SEQUENCES_A_ROUND} sequences, seeds {first} to {number - 1}: all held\n")
    sys.stdout.write(f"Seen at the end: {dict(sorted(Line.seen.items()))}\n")
    return 0


def _round(number: int, *, is_shrunk: bool) -> None:
    from hypothesis import HealthCheck, Phase, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.journeys.machine import Line

    phases = [Phase.generate, Phase.shrink] if is_shrunk else [Phase.generate]
    chosen = settings(
        max_examples=SEQUENCES_A_ROUND,
        stateful_step_count=STEPS_A_SEQUENCE,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Line), settings=chosen)


if __name__ == "__main__":
    sys.exit(main())
