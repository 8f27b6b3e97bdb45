"""How a worker goes round its steps."""

from __future__ import annotations

from xuliu.cli.worker import at_most_every


def test_a_worker_runs_a_step_no_more_often_than_it_wants() -> None:
    often, seldom = (at_most_every(seconds, lambda: 1) for seconds in (0.0, 60.0))

    assert [often(), often(), seldom(), seldom()] == [1, 1, 1, 0]
