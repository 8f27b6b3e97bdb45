"""How a worker goes round its steps."""

from __future__ import annotations

import pytest

from tests.make import make_shop
from xuliu.carrier.models import CarrierAccount
from xuliu.cli.worker import at_most_every
from xuliu.inventory.queries import accounts_with_sims


def test_a_worker_runs_a_step_no_more_often_than_it_wants() -> None:
    often, seldom = (at_most_every(seconds, lambda: 1) for seconds in (0.0, 60.0))

    assert [often(), often(), seldom(), seldom()] == [1, 1, 1, 0]


@pytest.mark.django_db
def test_an_account_without_a_sim_takes_no_threads_and_connections() -> None:
    used = make_shop().sim.account
    for code in ("tried", "mistyped", "left"):
        CarrierAccount.objects.create(code=code, carrier=used.carrier, connector=used.connector)
    assert accounts_with_sims() == [used.pk]
